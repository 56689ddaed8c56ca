"""Java behind the seam of languages: Maven resolves and installs, javac compiles, java runs."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import IO

from jhansi_runner.proxy.coordinate import MAVEN
from jhansi_runner.resolvers.elsewhere import Rehearsal
from jhansi_runner.resolvers.interface import ManifestError, Missing, ParseImports, Plan, Unbuilt, View
from jhansi_runner.resolvers.java import diagnose, gradle_answer, jvm, learned, lock, parser, rehearsal, steps
from jhansi_runner.resolvers.java.names import NameMap, default_names
from jhansi_runner.resolvers.java.plan import JAVA, plan
from jhansi_runner.resolvers.java.target import Target
from jhansi_runner.resolvers.resolver import ENTRY, Launch, Locked, Program, Step, Tools, UnfitLock

_NOTHING: Mapping[str, gradle_answer.Told] = MappingProxyType({})
_PLACE = "/deps"
_LAUNCH, _CLASSES, _REPOSITORY = "/launch", "/keep/java", "/keep/maven"
_GRADLE_HOME = "/keep/gradle"  # of Gradle itself, for commands
_SCRIPT = f"{_LAUNCH}/java.sh"
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch")
_PREVIEW, _FINAL = 21, 25
"""The versions of Java in which programs without a class came, as a preview, and stayed."""
_SIGNS = (
    "does not exist",
    "cannot find symbol",
    "a preview feature",
    "has wrong version",
    "UnsupportedClassVersionError",
    "class file for ",
    "NoClassDefFoundError",
    "ClassNotFoundException",
    "No suitable driver",
    "Could not find artifact",
    "Could not resolve",
)
"""How javac, java, Maven and Gradle say that something is not there."""
_JDK = "install a JDK, version 17 or later: apt install openjdk-17-jdk-headless"
_MAVEN = "install Maven, version 3.6.3 or later: apt install maven"
_GRADLE = "install Gradle, version 4.4 or later"
_MAVENS = ("/etc/maven/m2.conf", "/etc/maven/logging")
_CONFIGURATION = (
    "/etc/java-*-openjdk/*.properties",
    "/etc/java-*-openjdk/jvm-*.cfg",
    "/etc/java-*-openjdk/security",
    "/etc/fonts",
)
_PLACES = (
    "/usr/lib/jvm/*/bin",
    "/opt/java/*/bin",
    "/opt/jdk*/bin",
    "~/.sdkman/candidates/java/current/bin",
    "~/.jdks/*/bin",
)


class JavaResolver:
    """Java, from a single file to a build of many modules."""

    language = JAVA
    type = MAVEN
    suffixes = (".java",)
    shebangs = ("java", "jbang")
    manifests = ("pom.xml", "build.gradle", "build.gradle.kts")
    commands = ("java", "javac", "jshell", "jar", "mvn", "gradle")
    packaged: Mapping[str, str] = {}
    programs = (
        Program("java", ("-version",), _JDK, (11,), configuration=_CONFIGURATION, places=_PLACES),
        Program("javac", ("-version",), _JDK, (11,), places=_PLACES),
        Program("mvn", ("-B", "-v"), _MAVEN, (3, 6, 3), needed=False, configuration=_MAVENS),
        Program("gradle", (), _GRADLE, needed=False),
    )
    place = _PLACE
    parser = os.path.abspath(parser.__file__)
    shareable = False

    def __init__(self, names: NameMap | None = None, told: Mapping[str, gradle_answer.Told] = _NOTHING) -> None:
        """`names` are the shipped ones unless others are given; `told` is what Gradle builds said, by their script."""
        self._names, self._told = names, told

    def provides(self, artifact: IO[bytes], package: Locked) -> str:
        """What a jar provides, as lines to keep."""
        return learned.rows(f"{package.name}:{package.version}", learned.packages(artifact))

    def learned_from(self, text: str) -> frozenset[str]:
        """The artifacts of lines that were kept."""
        return learned.purls(text)

    def knowing(self, text: str, vouched: frozenset[str]) -> JavaResolver:
        """This resolver with a map more."""
        names = default_names()
        return JavaResolver(replace(names, learned=learned.unclaimed(text, names, vouched)), self._told)

    def plan(self, view: View, entry: str | None, parse: ParseImports) -> Plan:
        """What a program needs, as `Resolver.plan`."""
        return plan(view, entry, parse, self._names, self._told)

    def ask(self, unbuilt: Unbuilt, tools: Tools) -> Launch:
        """The host's Gradle, told to say what a build declares. Raises ManifestError where there is none."""
        return gradle_answer.command(unbuilt, tools)

    def told(self, unbuilt: Unbuilt, words: str) -> JavaResolver:
        """This resolver, knowing what a Gradle build declares. Raises ManifestError."""
        return JavaResolver(self._names, {**self._told, unbuilt.file: gradle_answer.told(words, unbuilt)})

    def resolve(self, plan: Plan, tools: Tools, *, build: bool) -> Sequence[Step]:
        """Maven's resolution, which fetches as well. Raises UnfitLock where there is no Maven."""
        return (steps.resolve(plan, _mvn(tools)),)

    def rehearsal(self, plan: Plan, manifest: str, tools: Tools) -> Rehearsal | None:
        """The project's own build, with its tests. Raises ManifestError where the host lacks its tool."""
        return rehearsal.of(manifest, tools)

    def lock_files(self, plan: Plan) -> Sequence[str]:
        """What Maven lists, and the hashes of what it left."""
        return (steps.ARTIFACTS_FILE, steps.SUMS_FILE)

    def lock(self, plan: Plan, left: Mapping[str, str]) -> str:
        """The class path with its hashes. Raises UnfitLock."""
        return lock.read(steps.poms(plan), left[steps.ARTIFACTS_FILE], left[steps.SUMS_FILE]).encode()

    def locked(self, lock_: str) -> Sequence[Locked]:
        """The packages of a lock. Raises UnfitLock."""
        return lock.Lock.decode(lock_).locked()

    def builds(self, lock_: str) -> bool:
        """A parent that comes from the registry may bring extensions, which are code and run in Maven."""
        return True

    def install(self, lock_: str, tools: Tools, *, build: bool) -> Sequence[Step]:
        """A repository with what a lock names, checked. Raises UnfitLock."""
        return (steps.install(lock.Lock.decode(lock_), _mvn(tools)),)

    def wants_build(self, words: str) -> bool:
        """It always builds."""
        return False

    def explain(self, words: str, plan: Plan) -> Sequence[str]:
        """Maven's own words do."""
        return ()

    def launch(self, plan: Plan, entry: str | None, tools: Tools, *, installed: bool) -> Launch:
        """javac and java for a program; for a command, what Maven and Gradle have fetched for themselves."""
        mounts = ((_FOLDER, _LAUNCH),)
        if entry is None:
            options = f"-Dmaven.repo.local={_REPOSITORY}/repository {jvm.OPTIONS}"
            env = {"MAVEN_OPTS": options, "MAVEN_SKIP_RC": "1", "JHANSI_MVN": tools.paths.get("mvn", "")}
            env |= dict.fromkeys(("GRADLE_OPTS", "JHANSI_JVM"), jvm.WAY_OUT)
            env["JHANSI_GRADLE"] = tools.paths.get("gradle", "")
            return Launch((), env, (_LAUNCH,), mounts, (_REPOSITORY, _GRADLE_HOME), _SIGNS)
        target = Target.decode(plan.target)
        version = tools.versions["java"]
        _require(target, int(version.split(".")[0]), entry)
        env = {"JHANSI_JVM": jvm.OPTIONS}
        if target.plain and not installed and not entry.endswith(".java"):  # javac takes no other name
            return Launch(("/bin/sh", _SCRIPT, "-1", *_plain(target, version), ENTRY), env, (), mounts, (), _SIGNS)
        return Launch(
            ("/bin/sh", _SCRIPT, *_options(target, version), "--", *target.arguments),
            env,
            (),
            mounts,
            (_CLASSES,),
            _SIGNS,
        )

    def diagnose(self, words: str, view: View, plan: Plan) -> Sequence[Missing]:
        """What javac, java or Maven did not find."""
        return diagnose.missing(words, view, plan, self._names)


def _mvn(tools: Tools) -> str:
    if "mvn" not in tools.paths:
        raise UnfitLock(f"Maven fetches what Java programs need, and is not on PATH: {_MAVEN}")
    return tools.paths["mvn"]


def _require(target: Target, major: int, entry: str) -> None:
    """Raises ManifestError for a program that this JDK cannot run."""
    wanted = int(target.java.rstrip("+") or 0)
    if (target.java.endswith("+") and major < wanted) or (not target.java.endswith("+") and 0 < wanted != major):
        message = f"is written for Java {target.java}, and the host's is {major}"
        raise ManifestError(entry, 1, message, f"put a JDK {wanted} first on PATH")
    if target.release > major:
        message = f"its build asks for Java {target.release}, and the host's is {major}"
        raise ManifestError(entry, 1, message, f"put a JDK {target.release} first on PATH, or ask for {major}")


def _plain(target: Target, version: str) -> list[str]:
    major = int(version.split(".")[0])
    return [*(["-p"] if _preview(target, major) else []), "-n", str(major), "--"]


def _preview(target: Target, major: int) -> bool:
    return target.preview and _PREVIEW <= major < _FINAL


def _options(target: Target, version: str) -> list[str]:
    major = int(version.split(".")[0])
    words = ["-m", target.main, "-j", version]
    if _preview(target, major):
        words += ["-p", "-n", str(major)]
    elif target.release:
        words += ["-n", str(max(target.release, 8 if major >= 20 else 7))]
    words += ["-t"] if target.tests else []
    words += ["-a"] if target.misnamed else []
    for option in target.compile_options:
        words += ["-x", option]
    for option in target.run_options:
        words += ["-r", option]
    for option, paths in (("-f", target.sources), ("-s", target.roots), ("-c", target.resources)):
        for path in paths:
            words += [option, posixpath.normpath(path or ".")]
    return words
