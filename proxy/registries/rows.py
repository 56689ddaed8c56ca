"""The registries as rows of data: how the package-url library names each, and digests of the hosts we reviewed.

A host that the library or an index page names is compared with these digests, so that neither can widen what is let
out, and no host is spelled here. Source: package-url type definitions, through packageurl-python.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One registry. `purl` is any package of it, `lookup` the library's function that turns it into a URL there.

    `path` is where its protocol begins on its host. `host` is the digest of that host, `files` of further ones that
    serve its files, `aliases` of names that clients use for the same registry; these are never dialled.
    """

    purl: str
    lookup: str
    path: str
    host: str
    files: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()


ROWS = {
    "pypi": Row(
        "pkg:pypi/x",
        "get_repo_url",
        "/simple/",
        "a4aa2ac280bb8d1a0ce7a1be5a7bfb10292b49fe9435ad5cff19f421f3c70e41",
        files=frozenset(["c899567ee906851741bf7f3bde17a33777859ff9f53ff54d6f0ea54cf31ad636"]),
    ),
    "npm": Row(
        "pkg:npm/x@1",
        "get_download_url",
        "/",
        "0dc11026ac75c015aaa1deafff4a7a54ef6d0cf6b3c7f9b1d2c8f3502929aa9e",
        aliases=frozenset(["70bb4000cd2fab03af01fed086c6bf3c2c970f8b8b8001c311028ec3b80e775a"]),
    ),
    "maven": Row(
        "pkg:maven/x/x@1",
        "get_download_url",
        "/maven2/",
        "317d2d52829b78129d2c9e43d001899f0c8d30968bae00b848a47154df56b0ca",
        aliases=frozenset(["43c04ed1dabe979b9c552549bf0ab023abd3e1cc6d5ff7f42cfa2296b0973a67"]),
    ),
    "golang": Row(
        "pkg:golang/x.example/x@v1",
        "get_download_url",
        "/",
        "00a7dc5a0cc388586b8665846e7d8ae94a6dd096f2aa1aa3b4aab4ac484f998a",
        files=frozenset(["df8ab3acb3324531fb5c42308bf6cc9cac1e499d1f3e2268243a1dd4072e58d4"]),
    ),
}
