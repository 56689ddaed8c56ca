package db

import _ "modernc.org/sqlite"

func Open() {}
