"""The first step of the nursery: while it is small it forks the doorman of its runs, and only then it imports the rest.

Started as `python -m jhansi_runner.runner.engine.start FD`, where FD is the nursery's end of its socket.
"""

from __future__ import annotations

import os
import sys

from jhansi_runner.proxy.cell.doorman import Doorman


def main() -> None:
    """Be the nursery."""
    core = int(sys.argv[1])
    os.set_inheritable(core, False)
    doorman = Doorman()
    from jhansi_runner.runner.engine import nursery

    nursery.main(core, doorman)


if __name__ == "__main__":
    main()
