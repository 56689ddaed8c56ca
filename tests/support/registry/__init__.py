"""A package registry for tests: pages, files and every fault, on loopback."""

from support.registry.artifact import BuiltFile, Content
from support.registry.faults import Fault
from support.registry.forward_proxy import ForwardProxy, Passed
from support.registry.pages import Dialect, Listing
from support.registry.reply import Reply, Request
from support.registry.tls import Authority
from support.registry.upstream import LONG_AGO, Upstream

__all__ = [
    "LONG_AGO",
    "Authority",
    "BuiltFile",
    "Content",
    "Dialect",
    "Fault",
    "ForwardProxy",
    "Listing",
    "Passed",
    "Reply",
    "Request",
    "Upstream",
]
