require('webpack')
