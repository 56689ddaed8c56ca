module example.test/lib

require example.test/d v1.0.0
