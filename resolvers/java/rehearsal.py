"""Building and testing a project with nothing but its sources: Maven and Gradle fetch what no pom names.

Source: ADR 0015; surefire's documentation, "Selecting providers".
"""

from __future__ import annotations

from importlib import resources

from jhansi_runner.resolvers.elsewhere import Rehearsal
from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.java import jvm
from jhansi_runner.resolvers.java.gradle import HINT
from jhansi_runner.resolvers.resolver import STAGE, Step, Tools

_DOING = "is built and tested"
_FAILED = "does not build here, so something may be missing"
_MAVEN, _GRADLE = "rehearse-maven.sh", "rehearse-gradle.sh"
_JDK = "apt install maven, or put Maven 3.6.3 or later on PATH"


def of(manifest: str, tools: Tools) -> Rehearsal | None:
    """How a project with this manifest is rehearsed; None for sources without one. Raises ManifestError."""
    if not manifest:
        return None
    if manifest == "pom.xml":
        if "mvn" not in tools.paths:
            raise ManifestError(manifest, 0, "Maven is not on PATH", _JDK)
        files = {_MAVEN: _ours("stage", _MAVEN), "settings.xml": _ours("launch", "settings.xml")}
        env = {"MAVEN_OPTS": jvm.OPTIONS, "MAVEN_SKIP_RC": "1"}
        step = Step(("/bin/sh", f"{STAGE}/{_MAVEN}", tools.paths["mvn"]), env, files)
        return Rehearsal((step,), _DOING, _FAILED)
    if "gradle" not in tools.paths:
        raise ManifestError(manifest, 0, "cannot be built here", HINT)
    files = {name: _ours("stage", name) for name in (_GRADLE, "rehearse.gradle")}
    files["central.gradle"] = _ours("launch", "central.gradle")
    argv = ("/bin/sh", f"{STAGE}/{_GRADLE}", tools.paths["gradle"], jvm.WAY_OUT)
    return Rehearsal((Step(argv, {}, files),), _DOING, _FAILED)


def _ours(folder: str, name: str) -> str:
    return (resources.files(__package__) / folder / name).read_text("utf-8")
