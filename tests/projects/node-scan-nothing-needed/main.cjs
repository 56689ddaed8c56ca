const { test } = require('node:test'); const path = require('path/posix'); require('./data.json')
