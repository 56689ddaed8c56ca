"""What a client gets to see of an index: the files that it may have or, where it may have none, all of them.

Installers print nearly nothing of a refused index, but the whole reason when the file that they picked is refused.
So a project that is denied as a whole is listed, and whatever is picked of it is refused. Source: ADR 0004.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.mirror.answer import Answer, Asker, problem
from jhansi_runner.proxy.registries.pypi_index import IndexFile, ProjectIndex
from jhansi_runner.proxy.registries.upstreams import Upstream

SDIST = "JR-DENY-SDIST"


@dataclass(frozen=True, slots=True)
class View:
    """The files that are listed; `withheld` says what the policy keeps from the client, "" for nothing.

    `rule` is the rule's place, and set only where everything is withheld: then the files are listed to be refused.
    """

    files: tuple[IndexFile, ...]
    withheld: str = ""
    rule: str = ""


def refusal(asker: Asker, coordinate: Coordinate, sdist: bool = False) -> Answer | None:
    """The 403 for a package, or for a version of it, or None when it may enter."""
    decision = asker.policy.decide(coordinate)
    if not decision.allowed:
        return problem(
            403,
            decision.code,
            decision.sentence(coordinate),
            purl=coordinate.purl,
            rule=f"{decision.source}:{decision.line}" if decision.line else decision.source,
        )
    if sdist and asker.policy.sdists == "deny":
        reason = f"{coordinate.purl} is a source distribution, and the policy says sdists: deny [{SDIST}]"
        return problem(403, SDIST, reason, purl=coordinate.purl)
    return None


def is_servable(file: IndexFile, upstream: Upstream) -> bool:
    """Whether the index promises enough of a file to serve it: a sha256, a version, and a host that may be dialled."""
    known = bool(file.sha256) and file.version is not None
    return known and upstream.serves_files(file.url.partition("://")[0], file.host)


def view(index: ProjectIndex, asker: Asker, upstream: Upstream, is_kept: Callable[[IndexFile], bool]) -> View:
    """What an asker sees of an index. `is_kept` tells offline which files can be had."""
    servable = tuple(file for file in index.files if is_servable(file, upstream))
    denied = refusal(asker, pypi(index.project))
    if denied is not None:
        return View(servable, denied.reason, denied.rule)
    judged = [(file, refusal(asker, pypi(index.project, file.version), file.is_sdist)) for file in servable]
    refused = {file.version: no for file, no in judged if no is not None}
    by_rule = [no for no in refused.values() if no.code != SDIST]
    if by_rule and all(no is not None for _, no in judged):
        return View(servable, _sentence(index.project, len(refused), by_rule[-1]), by_rule[-1].rule)
    allowed = tuple(file for file, no in judged if no is None and (not asker.offline or is_kept(file)))
    return View(allowed, _sentence(index.project, len(refused), [*refused.values()][-1]) if refused else "")


def _sentence(project: str, count: int, last: Answer) -> str:
    return f"{count} versions of {project} are withheld, the last: {last.reason}"
