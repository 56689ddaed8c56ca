package main

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"golang.org/x/net/html"
	_ "example.test/driver/v2/sub"
)

func main() { fmt.Println(uuid.New(), gin.New(), html.ErrBufferExceeded, http.MethodGet) }
