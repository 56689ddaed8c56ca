"""The steps that Maven takes: from poms to a lock with hashes, and from a lock to a repository.

Maven sees no settings and no `.mvn` of a workspace: it works in a stage where only our poms lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from jhansi_runner.resolvers.interface import Plan, Requirement
from jhansi_runner.resolvers.java.artifact import Artifact
from jhansi_runner.resolvers.java.jvm import OPTIONS
from jhansi_runner.resolvers.java.lock import Lock
from jhansi_runner.resolvers.java.names import CURATED, LEARNED
from jhansi_runner.resolvers.java.pom import made_up, mentions, with_more
from jhansi_runner.resolvers.resolver import STAGE, Step

POM_FILE, MODULES_FILE, ARTIFACTS_FILE, SUMS_FILE = "pom.xml", "modules.txt", "artifacts.txt", "sums.txt"
_SETTINGS_FILE, _RESOLVE_FILE, _INSTALL_FILE = "settings.xml", "resolve.sh", "install.sh"
_EXTENSION_FILE = "Resolve.java"
_WANTED_FILE, _CLASSPATH_FILE = "wanted.txt", "classpath.txt"
_ENV = {"MAVEN_OPTS": OPTIONS, "MAVEN_SKIP_RC": "1"}


def resolve(plan: Plan, mvn: str) -> Step:
    """Resolve and fetch what the poms need; which artifacts and with which hashes is in two files afterwards."""
    return Step(("/bin/sh", f"{STAGE}/{_RESOLVE_FILE}", mvn), _ENV, _files(poms(plan)))


def poms(plan: Plan) -> dict[str, str]:
    """The poms of a plan, with the requirements that were found missing in a run."""
    files = dict(plan.files)
    found = [each for each in plan.requirements if each.origin in (CURATED, LEARNED)]
    missed = [_artifact(each) for each in found if not any(mentions(text, each.name) for text in files.values())]
    if missed:
        files[POM_FILE] = with_more(files[POM_FILE], missed) if POM_FILE in files else made_up(missed)
    return files


def _artifact(requirement: Requirement) -> Artifact:
    group, _, name = requirement.name.partition(":")
    return Artifact(group, name, requirement.specifier)


def install(lock: Lock, mvn: str) -> Step:
    """Fetch what a lock needs, unless it is there already, and check every hash."""
    files = _files(lock.files)
    files[_WANTED_FILE] = "".join(f"{each.sha256}  ./{each.path}\n" for each in lock.artifacts)
    files[_CLASSPATH_FILE] = "".join(f"{each.scope} {each.path}\n" for each in lock.artifacts)
    files[_INSTALL_FILE] = _script(_INSTALL_FILE)
    return Step(("/bin/sh", f"{STAGE}/{_INSTALL_FILE}", mvn), _ENV, files)


def _files(texts: Mapping[str, str]) -> dict[str, str]:
    ours = {name: _script(name) for name in (_RESOLVE_FILE, _EXTENSION_FILE)}
    return {MODULES_FILE: "", **texts, **ours, _SETTINGS_FILE: _ours("launch", _SETTINGS_FILE)}


def _script(name: str) -> str:
    return _ours("stage", name)


def _ours(folder: str, name: str) -> str:
    return (resources.files(__package__) / folder / name).read_text("utf-8")
