package main

import (
	"gin"

	"github.com/gorila/mux"
	"github.com/siruspen/logrus"
)

func main() { gin.New(); mux.NewRouter(); logrus.Info() }
