package x

import _ "github.com/fatih/color"
