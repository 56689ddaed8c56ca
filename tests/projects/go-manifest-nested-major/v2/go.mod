module example.test/app/v2

go 1.21

require example.test/b v1.0.0
