import rich
print "python 2"
