package lib

import _ "example.test/d"
