"""One release as the policy judges it: what it is called, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate

SDIST, SCRIPT = "sdist", "script"


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a package, or one file of a version where files are dated one by one.

    `published` is the registry's own date and `seen` when this cache first saw the content `identity` under this name,
    both in seconds since the epoch; `identity` is such as `sha256:ab12`, "" where the registry promises none.
    `size` is in bytes. `licence` is what the package declares: None when that was not looked up, "" when it declares
    nothing. `runs` is SDIST or SCRIPT when installing it runs code of its own, else "". `filename` is set where files
    are dated one by one.
    """

    coordinate: Coordinate
    published: float | None = None
    identity: str = ""
    size: int | None = None
    licence: str | None = None
    runs: str = ""
    seen: float | None = None
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a policy has to know of releases beyond their names, so that nothing is fetched for nothing.

    `age` is the longest age in force, in seconds: a date for all versions at once serves where it is older than that.
    """

    dates: bool = False
    licences: bool = False
    scripts: bool = False
    age: float = 0.0
