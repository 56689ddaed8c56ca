"""The host that serves a registry's files, which is learned from an index page, for showing it to a reviewer."""

from __future__ import annotations

import os
from collections.abc import Iterable

from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.registries.interface import Malformed
from jhansi_runner.proxy.registries.pypi_index import parse
from jhansi_runner.proxy.registries.upstreams import Upstream

UNKNOWN = "(a host of the registry's own, known by its digest and learned when it is first named)"


def files_host(cache: str, upstream: Upstream) -> str:
    """The host whose digest we ship, from any index page in the cache, or words that it is not known yet."""
    if not os.path.isdir(cache):
        return UNKNOWN
    store = Store(cache)
    try:
        for host in _named(store, upstream):
            if upstream.serves_files("https", host) and host != upstream.host:
                return host
        return UNKNOWN
    finally:
        store.close()


def _named(store: Store, upstream: Upstream) -> Iterable[str]:
    for key, document in store.documents():
        if document.status == 200 and document.url.startswith(upstream.index):
            try:
                index = parse(document.body, document.content_type, document.url, key.rsplit(" ", 1)[-1])
            except Malformed:
                continue
            yield from {file.host for file in index.files}
