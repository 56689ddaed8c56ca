package main

import _ "example.test/b"

func main() {}
