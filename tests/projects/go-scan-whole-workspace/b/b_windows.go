package b

import _ "golang.org/x/sys/windows"
