module example.test/app

go 1.21

require (
	example.test/b v1.2.0
	example.test/lib v0.0.0
)

replace example.test/lib => ../lib
