module example.test/app

go 1.21

require (
	example.test/b v1.2.0
	example.test/c/v2 v2.0.1 // indirect
)

replace example.test/c/v2 => example.test/fork/v2 v2.0.2
