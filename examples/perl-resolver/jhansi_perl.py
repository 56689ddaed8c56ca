"""Perl for jhansi-runner: an example of a language that another package brings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from jhansi_runner.resolvers.interface import NOTHING, Missing, ParseImports, Plan, View, ViewError
from jhansi_runner.resolvers.resolver import ENTRY, Launch, Locked, Program, Step, Tools, UnfitLock

_MISSING = re.compile(
    r"Can't locate (?P<file>\S+\.pm) in @INC .*? at (?P<where>.+?) line (?P<line>\d+)\.", re.DOTALL | re.ASCII
)


class PerlResolver:
    """Perl, with the modules that the host's Perl brings."""

    language = "perl"
    type = "cpan"
    suffixes = (".pl",)
    shebangs = ("perl",)
    manifests = ("cpanfile",)
    commands = ("perl", "prove")
    packaged: Mapping[str, str] = {}
    programs = (Program("perl", ("-e", "print $]"), "on Debian or Ubuntu: apt-get install perl"),)
    place = "/deps"
    parser = ""
    shareable = False

    def plan(self, view: View, entry: str | None, parse: ParseImports) -> Plan:
        """Nothing is ever asked for. Raises ViewError for a program that cannot be read."""
        if entry is not None and view.read(entry) is None:
            raise ViewError(entry, "does not exist")
        notes = ("cpanfile: not obeyed: no registry has it",) if view.read("cpanfile") is not None else ()
        return Plan(self.language, NOTHING, notes=notes)

    def launch(self, plan: Plan, entry: str | None, tools: Tools, *, installed: bool) -> Launch:
        """The host's Perl."""
        return Launch((tools.paths["perl"], ENTRY), signs=("Can't locate ",))

    def diagnose(self, words: str, view: View, plan: Plan) -> Sequence[Missing]:
        """The modules that Perl did not find."""
        reason = "this Perl does not have it, and there is no registry to take it from"
        return [
            Missing(found["file"].removesuffix(".pm").replace("/", "::"), found["where"], int(found["line"]), reason)
            for found in _MISSING.finditer(words)
        ]

    def resolve(self, plan: Plan, tools: Tools, *, build: bool) -> Sequence[Step]:
        """Not asked, as no plan has requirements."""
        return ()

    def lock_files(self, plan: Plan) -> Sequence[str]:
        """Likewise."""
        return ()

    def lock(self, plan: Plan, left: Mapping[str, str]) -> str:
        """Likewise."""
        raise UnfitLock("Perl has no lock here")

    def locked(self, lock: str) -> Sequence[Locked]:
        """Likewise."""
        return ()

    def builds(self, lock: str) -> bool:
        """Likewise."""
        return False

    def install(self, lock: str, tools: Tools, *, build: bool) -> Sequence[Step]:
        """Likewise."""
        return ()

    def wants_build(self, words: str) -> bool:
        """Likewise."""
        return False

    def explain(self, words: str, plan: Plan) -> Sequence[str]:
        """Likewise."""
        return ()
