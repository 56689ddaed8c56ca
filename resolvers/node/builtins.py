"""Modules that no package has to provide."""

from __future__ import annotations

# With "node:" and without. Source: Node's `module.builtinModules`, of versions 18 to 24.
_NAMES = """
assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns
dns/promises domain events fs fs/promises http http2 https inspector inspector/promises module net os path path/posix
path/win32 perf_hooks process punycode querystring readline readline/promises repl stream stream/consumers
stream/promises stream/web string_decoder sys timers timers/promises tls trace_events tty url util util/types v8 vm
wasi worker_threads zlib
"""
NAMES = frozenset(_NAMES.split())
PREFIX = "node:"


def is_builtin(specifier: str) -> bool:
    """Whether an import means Node itself. `node:` always does; `test` and `sqlite` without it are packages."""
    return specifier.startswith(PREFIX) or specifier in NAMES
