package db

import _ "github.com/stretchr/testify/require"
