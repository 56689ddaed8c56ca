"""Modules that no package has to provide."""

from __future__ import annotations

import sys

# Gone from the standard library, in 3.12 and later or with Python 2. Whoever imports them means these: the
# packages of the same name are something else, or nothing at all.
_REMOVED = """
__builtin__ __main__ aifc anydbm asynchat asyncore audioop BaseHTTPServer Bastion binhex cgi CGIHTTPServer
cgitb chunk compiler ConfigParser Cookie cookielib copy_reg cPickle crypt cStringIO dbhash dircache
distutils DocXMLRPCServer dumbdbm dummy_thread dummy_threading fpformat gdbm hotshot htmlentitydefs htmllib
HTMLParser httplib ihooks imghdr imp imputil lib2to3 macpath mailcap md5 mhlib mimetools MimeWriter mimify
msilib multifile mutex nis nntplib ossaudiodev pipes popen2 Queue repr rexec robotparser sets sgmllib sha
SimpleHTTPServer SimpleXMLRPCServer smtpd sndhdr SocketServer spwd statvfs StringIO sunau symbol telnetlib
test thread Tix tkColorChooser tkCommonDialog Tkconstants Tkdnd tkFileDialog tkFont Tkinter tkMessageBox
tkSimpleDialog toaiff ttk urllib2 urlparse UserDict UserList UserString uu whichdb xdrlib xmllib xmlrpclib
xxsubtype
"""
# Of a Python newer than the one that plans.
_NEWER = "annotationlib compression tomllib"

NAMES = frozenset(sys.stdlib_module_names).union(_REMOVED.split(), _NEWER.split())


def is_stdlib(name: str) -> bool:
    """Whether a dotted import name belongs to the standard library of some Python."""
    return name.partition(".")[0] in NAMES
