"""`make bench`: every promise about speed, measured next to what it is compared with. Nothing here passes or fails."""

from __future__ import annotations

import argparse
import os
import sys
import time

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SECTIONS = ("accuracy", "warm", "service", "install", "hits", "large", "filtering", "memory", "bundle")
_ONLINE = ("install", "hits")


def main() -> int:
    """Print the table, section by section; the exit code is 0 unless a section could not be measured."""
    sys.path[:0] = [_ROOT, f"{_ROOT}/tests"]  # for benchmarks.* and the tests' registry
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offline", action="store_true", help="leave out what needs the registries")
    parser.add_argument("--only", choices=_SECTIONS, action="append", help="measure this section (repeatable)")
    parser.add_argument("--bundle-size", metavar="SIZE", help="of the section bundle, such as 5GiB")
    options = parser.parse_args()
    if options.bundle_size:
        os.environ["JHANSI_BENCH_BUNDLE"] = options.bundle_size
    failed = 0
    began = time.monotonic()
    _introduce()
    for section in options.only or _SECTIONS:
        failed += not _measure(section, options.offline)
    print(f"\n{time.monotonic() - began:.0f} s in all; load average now {os.getloadavg()[0]:.1f}")
    return min(failed, 1)


def _introduce() -> None:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    from benchmarks.table import heading

    machine = f"{os.cpu_count()} cores, {memory:.0f} GiB, load average {os.getloadavg()[0]:.1f}"
    print(f"{time.strftime('%Y-%m-%d')}, {machine}. Medians (min-max); compared pair by pair.")
    print(heading(), flush=True)


def _measure(section: str, offline: bool) -> bool:
    import importlib

    from benchmarks.table import render

    if offline and section in _ONLINE:
        print(f"{section}: left out, because it needs the package registry (--offline)", flush=True)
        return True
    try:
        for line in importlib.import_module(f"benchmarks.{section}").lines():
            print(render(line), flush=True)
    except Exception as error:
        print(f"{section}: could not be measured: {type(error).__name__}: {error}", flush=True)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
