"""What a client gets to see of a listing: the items that it may have or, where it may have none, all of them.

Some installers print nearly nothing of a refused listing, but the whole reason when the file that they picked is
refused. For those registries, a package of which nothing may enter is shown, and whatever is picked of it is refused.
Source: ADR 0004.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import MAVEN
from jhansi_runner.proxy.mirror.answer import Answer, Asker
from jhansi_runner.proxy.mirror.judgement import refusal
from jhansi_runner.proxy.policy.codes import DENY_SDIST
from jhansi_runner.proxy.policy.decision import Decision
from jhansi_runner.proxy.policy.judge import NOTHING
from jhansi_runner.proxy.policy.model import Exemption
from jhansi_runner.proxy.registries.interface import Item, Listing

_LICENCE: frozenset[Exemption] = frozenset(["licence"])


@dataclass(frozen=True, slots=True)
class View:
    """The items that are shown; `withheld` says what the policy keeps from the client, "" for nothing.

    `rule` is the place of the rule that it tells of. `denied` is the refusal where everything is withheld.
    `until` is when, in seconds since the epoch, more will be shown; None for never by itself.
    `observed` is what would have been withheld, had the policy not been told to observe. `lacking` says offline what
    would be shown and is not in the cache, "" for nothing.
    """

    items: tuple[Item, ...]
    withheld: str = ""
    rule: str = ""
    denied: Answer | None = None
    until: float | None = None
    observed: tuple[Decision, ...] = ()
    lacking: str = ""


def view(listing: Listing, asker: Asker, now: float, is_kept: Callable[[Item], bool]) -> View:
    """What an asker sees of a listing. `is_kept` tells offline which items can be had."""
    package = asker.policy.decide(listing.package)
    denied = refusal(package, listing.package)
    if denied is not None:
        return View(listing.items, denied.reason, denied.rule, denied)
    decisions = _decisions(listing, asker, now)
    allowed = tuple(item for item, no in zip(listing.items, decisions, strict=True) if no.allowed)
    shown = tuple(filter(is_kept, allowed)) if asker.offline else allowed
    lacking = _lacking(listing, allowed, shown) if len(shown) < len(allowed) else ""
    if not shown:  # without it, what has variants for many systems could be installed on none
        shown = tuple(item for item in allowed if item.selective)
    different = {id(decision): decision for decision in decisions}.values()  # few, where there are many items
    observed: tuple[Decision, ...] = ()
    if any(decision.observed for decision in different):
        observed = tuple({no.code: no for decision in decisions for no in decision.observed}.values())
    if all(decision.allowed for decision in different):
        return View(shown, observed=observed, lacking=lacking)
    refused = [(item, no) for item, no in zip(listing.items, decisions, strict=True) if not no.allowed]
    count = len({item.release.coordinate.version for item, _ in refused})
    until = min((no.until for no in different if no.until is not None), default=None)
    last, why = refused[-1]
    by_rule = [pair for pair in refused if pair[1].code != DENY_SDIST]
    if by_rule and not any(decision.allowed for decision in different):
        last, why = by_rule[-1]
        denied = refusal(why, last.release.coordinate)
        assert denied is not None
        return View(listing.items, _sentence(listing, count, denied.reason), denied.rule, denied, until, observed)
    words = _sentence(listing, count, why.sentence(last.release.coordinate))
    return View(shown, words, why.place, None, until, observed, lacking)


def _lacking(listing: Listing, allowed: Sequence[Item], shown: Sequence[Item]) -> str:
    here = {item.release.coordinate.version for item in shown}
    away = dict.fromkeys(version for item in allowed if (version := item.release.coordinate.version) not in here)
    if not away:
        return f"offline, and not all files of {listing.package.purl} are in the cache"
    have = f"{len(here)} of {len(here) + len(away)} versions" if here else "no version"
    return f"offline, and {have} of {listing.package.purl} {'is' if len(here) < 2 else 'are'} in the cache"


def _decisions(listing: Listing, asker: Asker, now: float) -> list[Decision]:
    """What the policy says of each item. A licence that nobody has read yet is left to the file."""
    releases = [item.release for item in listing.items]
    unread = [one.licence is None for one in releases]
    package = listing.package.type, listing.package.namespace, listing.package.name
    coordinates = [one.coordinate for one in releases]
    if all((one.type, one.namespace, one.name) == package for one in coordinates) and len(set(unread)) < 2:
        return asker.policy.judge_all(releases, now, _LICENCE if any(unread) else NOTHING)
    return [asker.policy.judge(one, now, _LICENCE if one.licence is None else NOTHING) for one in releases]


def _sentence(listing: Listing, count: int, last: str) -> str:
    name = listing.package.path.replace("/", ":") if listing.package.type == MAVEN else listing.package.path
    how_many = "1 version" if count == 1 else f"{count} versions"
    return f"{how_many} of {name} {'is' if count == 1 else 'are'} withheld, the last: {last}"
