"""The seam between a language and whoever looks for its tools, installs its packages and starts its programs.

One class for each language, pure: it reads a workspace through a view, and answers with values. What it wants to be
run is a step, and the runner takes that in a sandbox.

Source: ADR 0011.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from jhansi_runner.resolvers.interface import Missing, ParseImports, Plan, Unbuilt, View

STAGE = "/stage"
"""The folder in which steps work, and all of the host that they can write to."""
SITE = f"{STAGE}/site"
"""What an installation leaves here becomes the set: it is kept, and shown read-only to programs."""
CACHE = "cache"
"""The folder of the stage for an installer's own copies, of no use once a lock is installed."""
SEED_ID = "seed-id"
PROJECT = f"{STAGE}/project.tar"
"""Where a build that is asked finds the sources of its project."""
ENTRY = "{entry}"
"""Stands in a command for the program's path, as the program sees it."""


class UnfitLock(Exception):
    """A lock that is not to be used: not in the form that its tool writes, or not what the author pinned."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the host's that a language needs.

    `version` are the arguments that make it tell its version, () where nothing hangs on that; `least` is the least
    version that serves, () for any.
    `hint` says how to get it. One that is not `needed` may be missing. `configuration` are files and folders of the
    host's `/etc`, as glob patterns, that it cannot do without and that hold no secrets. `places` are folders that its
    installers use and that may not be on PATH, as glob patterns; `~` is the user's home.
    """

    name: str
    version: tuple[str, ...]
    hint: str
    least: tuple[int, ...] = ()
    needed: bool = True
    configuration: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tools:
    """What the host has for a language: paths by the program's name, as the sandbox sees them, and versions likewise.

    `tag` is what installed packages have to fit: sets are shared between equal ones.
    """

    paths: Mapping[str, str]
    versions: Mapping[str, str]
    tag: str


@dataclass(frozen=True, slots=True)
class Step:
    """One command in the sandbox: what to run, with which variables, after which files were written to the stage.

    `files` are by their path below the stage.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock. `purl` has its version, `hashes` are `algorithm:hex`, `needs` are purls of this lock."""

    name: str
    version: str
    purl: str
    hashes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seed:
    """What the host's own programs make once for all workspaces, such as a compiled standard library.

    `step` fills the folder at `place`, and sees nothing of a workspace but names that were checked. Programs find the
    folder there, read-only, with a file `SEED_ID` that tells one from another. A step that fails costs time, and is no
    error.
    """

    place: str
    step: Step


@dataclass(frozen=True, slots=True)
class Launch:
    """How programs are started: what stands before their own arguments, and what they find.

    `argv` has `ENTRY` where the program's path belongs; it is not used for a command that the user gave. `build` is a
    command that makes the program before, each time, in a sandbox like the program's own, with no way out and not on
    the program's time; when it fails, that is how the run ended. Likewise it is not used for a command. `path` are
    folders in front of PATH. `mounts` are files or folders of our own, shown read-only: path on the host, and place.
    `keeps` are folders that persist for this workspace alone and can be written, such as a cache of compiled code.
    `seed` is made before, if it is not there. `signs` are words on stderr by which a program that failed may have
    missed a package: then `diagnose` is asked.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    keeps: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    seed: Seed | None = None
    build: tuple[str, ...] = ()


class Resolver(Protocol):
    """A language. Its attributes are constants, and names in them are lower case."""

    @property
    def language(self) -> str:
        """What `--language` calls it."""

    @property
    def type(self) -> str:
        """The package-url type of its packages."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How names of its files end."""

    @property
    def shebangs(self) -> tuple[str, ...]:
        """Words in a script's first line that name its interpreter, without a version."""

    @property
    def manifests(self) -> tuple[str, ...]:
        """Names of files that tell, where they lie in a workspace, that it is in this language."""

    @property
    def commands(self) -> tuple[str, ...]:
        """Commands that tell the same."""

    @property
    def packaged(self) -> Mapping[str, str]:
        """The packages, as purls, that bring a command: asked for by `exec -- COMMAND` where no manifest decides."""

    @property
    def programs(self) -> tuple[Program, ...]:
        """What it needs of the host."""

    @property
    def place(self) -> str:
        """Where programs find the set, in one of the `PLACES` of `runner/sandbox.py`."""

    @property
    def parser(self) -> str:
        """The path of a script that reads hostile source with Python's standard library alone (`runner/parse.py`)."""

    @property
    def shareable(self) -> bool:
        """Whether an installation without `build` runs no code of a package, so that equal locks share one set."""

    def plan(self, view: View, entry: str | None, parse: ParseImports) -> Plan:
        """What the program `entry` needs, or the whole workspace. Raises ManifestError, ViewError."""

    def resolve(self, plan: Plan, tools: Tools, *, build: bool) -> Sequence[Step]:
        """The steps from a plan to a lock with hashes. `build` lets code of packages run.

        What is in `requirements` and not in `files` was found missing in a run, and is wanted as well.
        """

    def lock_files(self, plan: Plan) -> Sequence[str]:
        """The files of the stage that `lock` is made from, by their path below it."""

    def lock(self, plan: Plan, left: Mapping[str, str]) -> str:
        """The lock, as one text, from the files that `resolve` left. Raises UnfitLock."""

    def locked(self, lock: str) -> Sequence[Locked]:
        """The packages of a lock. Raises UnfitLock."""

    def builds(self, lock: str) -> bool:
        """Whether something in a lock runs code of its own when it is installed."""

    def install(self, lock: str, tools: Tools, *, build: bool) -> Sequence[Step]:
        """The steps that fill `SITE` from a lock, in a stage where `resolve` may or may not have been before."""

    def wants_build(self, words: str) -> bool:
        """Whether a step that failed with these words would get further if code of packages could run."""

    def explain(self, words: str, plan: Plan) -> Sequence[str]:
        """Lines that say plainly why a step failed with these words, () where the words do."""

    def launch(self, plan: Plan, entry: str | None, tools: Tools, *, installed: bool) -> Launch:
        """How the program `entry` is started, or what a command finds when it is None.

        `installed` tells whether there is a set at `place`. Raises ManifestError for what these tools cannot run.
        """

    def diagnose(self, words: str, view: View, plan: Plan) -> Sequence[Missing]:
        """What a program that ended with these last words on stderr did not find installed."""


@runtime_checkable
class Asking(Protocol):
    """A resolver whose projects can leave what they depend on to code of their own; then a plan is `unbuilt`."""

    def ask(self, unbuilt: Unbuilt, tools: Tools) -> Launch:
        """The command that asks a project's build. It finds `PROJECT`, and at `place` what `unbuilt` requires.

        Raises ManifestError where the host has nothing to ask it with.
        """

    def told(self, unbuilt: Unbuilt, words: str) -> Resolver:
        """This resolver, knowing what a build said on stdout; hostile code may have said it. Raises ManifestError."""
