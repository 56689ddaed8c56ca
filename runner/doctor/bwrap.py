"""bubblewrap: where it is, its version, and flaws of it that are known.

Source: GHSA-pxhw-h44j-8pfx (CVE-2026-87766), fixed in 0.12.0, and by distributions in older versions too: so it is
tried and not told by the version. CVE-2026-41163 and CVE-2020-5291 are about a setuid bwrap, which we refuse.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile

from jhansi_runner.runner.doctor.facts import Host
from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, Finding, fault, untried, warning, well
from jhansi_runner.runner.host import BWRAP_MINIMUM
from jhansi_runner.runner.host_diagnosis import foresee
from jhansi_runner.runner.host_remedies import install

_SECONDS = 20
_FIXED = (0, 12, 0)


def check_bwrap(host: Host) -> Finding:
    """Whether it can be used at all."""
    code, basic = "JH-BWRAP", host.basic
    problem = foresee(basic)
    if problem is not None and problem.code.startswith("bwrap-"):
        return fault(code, problem.cause.rstrip("."), problem.remedy.splitlines(), ADMINISTRATOR)
    if basic.bwrap_version is None:
        return fault(code, f"{basic.bwrap} does not tell its version", install(basic).splitlines(), ADMINISTRATOR)
    return well(code, f"{basic.bwrap} {_dotted(basic.bwrap_version)}; {_dotted(BWRAP_MINIMUM)} or later is needed")


def check_flaw(host: Host) -> Finding:
    """Whether it follows a link out of its root while it makes a sandbox."""
    code, version = "JH-BWRAP-FLAW", host.basic.bwrap_version
    if host.flawed is None:
        return untried(code, "bwrap could not be started for it")
    if host.flawed:
        remedy = (
            "Update it, to one with the fix of CVE-2026-87766:",
            *(f"  {line.strip()}" for line in install(host.basic).splitlines() if line.startswith(" ")),
            f"Where your distribution has none, build {_dotted(_FIXED)} or later from source, and put it in its place.",
            "Until then start no second run in a workspace in which one runs, and remove none of its protected names",
            "(docs/protected-names.md) during a run.",
        )
        return warning(code, "bwrap makes files behind links out of its root (CVE-2026-87766)", remedy,
                       ADMINISTRATOR)  # fmt: skip
    older = version is not None and version < _FIXED
    return well(code, "CVE-2026-87766 was tried, and is not there" + (", though the version is older" if older else ""))


def follows_links(bwrap: str) -> bool | None:
    """Whether this bwrap has CVE-2026-87766: it is asked to make a folder behind a link, in a folder of ours.

    While bwrap makes a sandbox, the host's root is at `/oldroot`. None when it could not be started.
    """
    with contextlib.suppress(OSError, subprocess.SubprocessError), tempfile.TemporaryDirectory() as folder:
        work, outside = f"{folder}/work", f"{folder}/outside"
        os.mkdir(work)
        os.mkdir(outside)
        os.symlink(f"/oldroot{os.path.realpath(outside)}", f"{work}/link")
        base = [bwrap, "--unshare-user", "--ro-bind", "/", "/"]
        if _run([*base, "--", "/bin/true"]) != 0:
            return None
        _run([*base, "--dir", f"{work}/link/made", "--", "/bin/true"])
        return os.path.lexists(f"{outside}/made")
    return None


def _run(argv: list[str]) -> int:
    done = subprocess.run(argv, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
    return done.returncode


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))
