package main

import (
	"shop/internal/db"
	"shop/missing"
)

func main() { db.Open(); missing.X() }
