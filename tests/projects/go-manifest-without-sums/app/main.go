package main

import (
	"example.test/app/inner"
	"example.test/lib"
	"example.test/nobody/lists/this"
)

func main() { inner.X(); lib.X(); this.X() }
