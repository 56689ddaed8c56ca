"""The gate's first steps: mitmproxy without the addons that are not used, then `process.py`.

Importing any addon runs `mitmproxy/addons/__init__.py`, which imports all of them, with a web framework, LDAP and
scripting: half of the gate's start, 16 MB, and code that has no place here. A package that is registered without being
run lets the two that are needed be imported alone.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys

_ADDONS = "mitmproxy.addons"


def leave_addons_out() -> None:
    """Register the package of addons unrun, before anything imports it."""
    if _ADDONS not in sys.modules:
        spec = importlib.util.find_spec(_ADDONS)
        if spec is not None:
            sys.modules[_ADDONS] = importlib.util.module_from_spec(spec)


def main() -> None:
    """Run the gate; its arguments are the CA's folder and the descriptor of the service's socket."""
    os.umask(0o077)
    leave_addons_out()
    from jhansi_runner.proxy.gate.process import serve

    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
