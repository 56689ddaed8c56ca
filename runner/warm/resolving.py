"""From what is open to exact releases: manifests, sources and open package-urls, each by its own tool in a sandbox.

Everything that such a tool fetches comes through the gate, by the policy, and is in the cache afterwards.

Source: ADR 0015.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jhansi_runner.resolvers.all import BrokenResolver, resolvers
from jhansi_runner.resolvers.elsewhere import Host
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.resolver import Resolver
from jhansi_runner.runner.errors import NOTHING_TO_RUN, RunnerError
from jhansi_runner.runner.view import RecordingView
from jhansi_runner.runner.warm import opened
from jhansi_runner.runner.warm.ground import Ground, Terms, ground_at, job_at
from jhansi_runner.runner.warm.places import Place, of_file, of_folder
from jhansi_runner.runner.warm.running import warm
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact, Open

_STOPPED = 128
"""From here on, codes of errors are those of signals: somebody has us stop."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What came of it.

    `exacts` are the releases that are to be there. `ran` tells that tools were run which fetch more than any lock
    names, so that the proof is to run them again. `notes` and `trouble` are sentences for people: each of `trouble` is
    something that will be missing on the other side. `fetched` are the releases, as package-urls, of which the gate let
    something through meanwhile.
    """

    exacts: tuple[Exact, ...] = ()
    notes: tuple[str, ...] = ()
    ran: bool = False
    trouble: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()


def resolve(
    path: str,
    wants: Sequence[Open],
    targets: Sequence[Target],
    env: Mapping[str, str],
    *,
    policy: str | None = None,
    offline: bool = False,
) -> Resolved:
    """Resolve the file or folder `path`; or the open `wants`, if there are any, which `path` then only names.

    `policy` is the file to use instead of the user's own. With `offline` the cache alone is asked: then this is the
    proof that all is there. Raises RunnerError with what, where and what next; what was fetched before stays.
    """
    terms = Terms(tuple(targets), env, policy, offline)
    return _wants(wants, terms) if wants else _path(path, terms)


def _path(path: str, terms: Terms) -> Resolved:
    languages = _languages()
    notes: list[str] = []
    if os.path.isdir(path):
        view = RecordingView(job_at(path, terms).workspace)
        found, notes = of_folder(view, path, path, languages)
    elif os.path.lexists(path):
        folder, name = os.path.split(path)
        one = of_file(name, folder or ".", folder, languages)
        found = [one] if one is not None else []
    else:
        raise RunnerError(f"there is no {path}: name a file or a folder", code=NOTHING_TO_RUN)
    if not found:
        known = ", ".join(name for each in languages.values() for name in each.manifests)
        hint = f"name a folder, a program, or one of {known}"
        raise RunnerError(f"{path}: nothing here tells which packages are needed", code=NOTHING_TO_RUN, lines=(hint,))
    results = []
    for place in found:
        try:
            ground = ground_at(place, terms)
            results.append(_resolved(ground, ground.plan, terms)[0])
        except RunnerError as error:
            if len(found) == 1 or error.code >= _STOPPED:
                raise
            results.append(Resolved(trouble=(" ".join([f"{place.language}: {error}", *error.lines]),)))
    return _together([Resolved(notes=tuple(notes)), *results])


def _languages() -> Mapping[str, Resolver]:
    try:
        return resolvers()
    except BrokenResolver as error:
        raise RunnerError(str(error)) from None


def _wants(wants: Sequence[Open], terms: Terms) -> Resolved:
    """Those of one registry are resolved together, as for somebody who needs them all; if they do not agree, alone."""
    results = []
    with tempfile.TemporaryDirectory(prefix="jhansi-runner-") as folder:
        for language, type_ in opened.LANGUAGES.items():
            asked = [each for each in wants if each.coordinate.type == type_]
            if asked:
                results.append(_of_language(Place(folder, "", language), asked, terms))
    return _together(results)


def _of_language(place: Place, wants: Sequence[Open], terms: Terms) -> Resolved:
    ground = ground_at(place, terms, opened.plan(place.language, wants))
    return _halved(ground, wants, terms)


def _halved(ground: Ground, wants: Sequence[Open], terms: Terms) -> Resolved:
    """All together, or by halves until it is known which of them do not agree, or cannot be had."""
    together, failed = _resolved(ground, opened.plan(ground.place.language, wants), terms)
    if not failed or len(wants) == 1:
        return together
    middle = len(wants) // 2
    return _together([_halved(ground, part, terms) for part in (wants[:middle], wants[middle:])])


def _resolved(ground: Ground, plan: Plan, terms: Terms) -> tuple[Resolved, bool]:
    """What came of a plan, and whether something of it could not be resolved."""
    done = warm(ground, plan, terms)
    exacts = [ground.exact(plan, each) for each in ground.required]
    for purl, package in done.packages.items():
        needing = tuple(each for each in terms.targets if Host(each.python, each.machine) in done.hosts[purl])
        exacts.append(ground.exact(plan, package, () if needing == terms.targets else needing))
    resolved = Resolved(
        tuple(dict.fromkeys(exacts)),
        tuple(dict.fromkeys(done.notes)),
        done.ran,
        tuple(dict.fromkeys(done.trouble)),
        tuple(sorted(done.fetched)),
    )
    return resolved, done.failed


def _together(results: Sequence[Resolved]) -> Resolved:
    whole = Resolved()
    for each in results:
        whole = replace(
            whole,
            exacts=tuple(dict.fromkeys((*whole.exacts, *each.exacts))),
            notes=tuple(dict.fromkeys((*whole.notes, *each.notes))),
            ran=whole.ran or each.ran,
            trouble=tuple(dict.fromkeys((*whole.trouble, *each.trouble))),
            fetched=tuple(sorted({*whole.fetched, *each.fetched})),
        )
    return whole
