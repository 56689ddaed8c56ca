"""The plan that a pom.xml makes: its artifacts, what Maven resolves them from, and which sources are compiled."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from jhansi_runner.resolvers.interface import ManifestError, ParseImports, Plan, Requirement, View, ViewError
from jhansi_runner.resolvers.java.artifact import IMPORT, Artifact
from jhansi_runner.resolvers.java.paths import join
from jhansi_runner.resolvers.java.pom import Pom, sanitised, together
from jhansi_runner.resolvers.java.project import Project
from jhansi_runner.resolvers.java.scan import scan
from jhansi_runner.resolvers.java.steps import MODULES_FILE, POM_FILE
from jhansi_runner.resolvers.java.target import Target

MANIFEST = "manifest"
_MAIN, _TEST = "src/main", "src/test"
_SPRING_PARENT = "spring-boot-starter-parent"


def plan(view: View, entry: str | None, parse: ParseImports, found: Project) -> Plan:
    """The plan of a project; without requirements when it names no artifact. Raises ManifestError, ViewError."""
    poms = found.needed(everything=entry is None)
    requirements: dict[str, Requirement] = {}
    for pom in poms:
        for each in _requirements(pom, found):
            requirements.setdefault(each.name, each)
    target = ""
    if entry is not None and requirements:
        folders = tuple(posixpath.dirname(pom.path) for pom in poms)
        target = laid_out(view, entry, parse, folders, release(found.pom), _source_folder(found.pom)).encode()
    return Plan(
        "java",
        found.pom.path,
        tuple(requirements[name] for name in sorted(requirements)),
        notes=tuple(dict.fromkeys(_notes(view, poms))),
        files=stage_files(found, poms) if requirements else (),
        target=target,
    )


def _requirements(pom: Pom, found: Project) -> Iterator[Requirement]:
    managed = {}
    for above in reversed(pom.line):
        for each, _ in above.artifacts("dependencyManagement", "dependencies"):
            managed[each.key] = each.version
    for above in pom.line:
        for each, element in above.artifacts("dependencies"):
            if each.key in found.modules or each.scope in ("system", IMPORT):
                continue
            line = element.line
            if not each.group or not each.name:
                hint = "give it a groupId and an artifactId"
                raise ManifestError(above.path, line, "a dependency names no artifact", hint)
            version = each.version or managed.get(each.key, "")
            version = "" if "${" in version else version
            try:
                # What a property of a parent from the registry names is resolved by Maven alone.
                yield Artifact(each.group, each.name, version).requirement(above.path, line, MANIFEST)
            except ValueError:
                if "${" not in each.key:
                    hint = "see Maven's POM reference"
                    raise ManifestError(above.path, line, f"{each.key[:200]!r} is no artifact", hint) from None


def _notes(view: View, poms: Sequence[Pom]) -> Iterator[str]:
    for pom in {each.path: each for one in poms for each in one.line}.values():
        for name in ("repositories", "pluginRepositories"):
            for each in [*pom.root.all(name), *pom.root.all("profiles", "profile", name)]:
                yield f"{pom.path}:{each.line}: <{name}> is not obeyed: only the Maven registry is asked"
        for each in pom.root.all("build", "extensions"):
            yield f"{pom.path}:{each.line}: <extensions> is not obeyed when artifacts are resolved"
        for artifact, element in pom.artifacts("dependencies"):
            if artifact.scope == "system":
                yield f"{pom.path}:{element.line}: {artifact.key} has the scope system and is left out"
    if _has(view, ".mvn"):
        yield ".mvn: is not obeyed when artifacts are resolved"


def stage_files(found: Project, poms: Sequence[Pom]) -> tuple[tuple[str, str], ...]:
    """The files that Maven resolves from: the poms, flat, and which of them stand for artifacts of the workspace."""
    every = {each.path: each for one in (*poms, *found.modules.values()) for each in one.line}
    wanted = [pom.path for pom in poms]
    names = {path: f"pom-{number}.xml" for number, path in enumerate(every)}
    alone = len(wanted) == 1 or found.pom.packaging == "jar"
    if alone:
        names[found.pom.path] = POM_FILE
    files = {}
    for path, pom in every.items():
        own = {artifact.key for artifact, _ in pom.artifacts("dependencies")}
        extra = [each for each in pom.processors() if each.key not in own and each.fit] if path in wanted else []
        files[names[path]] = sanitised(pom, names[pom.parent.path] if pom.parent else "", extra)
    if not alone:
        files[POM_FILE] = together([names[path] for path in wanted])
    rows = [_module_row(pom, names[pom.path]) for pom in every.values()]
    files[MODULES_FILE] = "".join(row for row in rows if row)
    return tuple(sorted(files.items()))


def _module_row(pom: Pom, file: str) -> str:
    words = [pom.coordinate(name) for name in ("groupId", "artifactId", "version")]
    fit = all(word and "$" not in word and "/" not in word and word.isprintable() and " " not in word for word in words)
    if not fit or any(set(word) <= {"."} for word in words):
        return ""
    return " ".join([words[0].replace(".", "/"), words[1], words[2], file, pom.packaging]) + "\n"


def release(pom: Pom) -> int:
    """The version of Java that a pom compiles for, 0 when it does not say."""
    words = [each.words(name) for each in pom.compiler() for name in ("release", "source", "target")]
    words += [f"${{{name}}}" for name in ("maven.compiler.release", "maven.compiler.source", "maven.compiler.target")]
    if any(each.root.words("parent", "artifactId") == _SPRING_PARENT for each in pom.line):
        words.append("${java.version}")
    for word in words:
        filled = pom.filled(word).removeprefix("1.")
        if filled.isdecimal() and len(filled) <= 2:
            return int(filled)
    return 0


def _source_folder(pom: Pom) -> str:
    return next((pom.filled(text) for each in pom.line if (text := each.root.words("build", "sourceDirectory"))), "")


def laid_out(
    view: View,
    entry: str | None,
    parse: ParseImports,
    folders: Sequence[str],
    written_for: int,
    source_folder: str = "",
) -> Target:
    """The target for an entry in a build: what the build lays out is compiled whole, an entry elsewhere with what it
    reaches. Raises ViewError."""
    if entry is None:
        return Target(release=written_for)
    base = folders[0]
    tests = entry.startswith(join(base, f"{_TEST}/"))
    kinds = (_MAIN, _TEST) if tests else (_MAIN,)
    roots = [join(folder, f"{kind}/java") for folder in folders for kind in kinds]
    if source_folder and "$" not in source_folder and ".." not in source_folder.split("/"):
        roots.insert(0, join(base, source_folder.strip("/")))
    roots = [root for root in roots if _has(view, root)]
    resources = [join(folder, f"{kind}/resources") for folder in folders for kind in kinds]
    scanned = scan(view, entry, parse)
    first = scanned.sources[0]
    main = first.main
    instance = first.implicit or (main is not None and main.main == "instance")
    covered = tuple(f"{root}/" for root in roots)
    apart = [each for each in scanned.sources if not (covered and each.path.startswith(covered))]
    return Target(
        main=first.class_name(main.name if main else first.stem),
        sources=tuple(each.path for each in apart),
        roots=tuple(roots),
        resources=tuple(each for each in resources if _is_there(view, each)),
        release=written_for,
        preview=bool(instance),
        misnamed=any(each.is_misnamed for each in apart),
        tests=tests,
    )


def _is_there(view: View, folder: str) -> bool:
    """Whether there is such a folder; its names need not tell anything, as those of tables and texts do not."""
    above, _, name = folder.rpartition("/")
    try:
        return f"{name}/" in view.names(above)
    except ViewError:
        return False


def _has(view: View, folder: str) -> bool:
    try:
        return bool(view.names(folder))
    except ViewError:
        return False
