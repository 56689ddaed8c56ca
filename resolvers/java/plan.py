"""What a Java program needs: directives, a pom.xml or a Gradle build decide, as their author knows; else a scan."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from jhansi_runner.resolvers.interface import (
    NOTHING,
    SCAN,
    Import,
    ParseImports,
    Plan,
    Requirement,
    SourceFile,
    Undecided,
    View,
)
from jhansi_runner.resolvers.java import gradle_answer, gradle_plan, jbang, maven_plan, pom, project
from jhansi_runner.resolvers.java.artifact import Artifact
from jhansi_runner.resolvers.java.gradle_plan import requirements_of
from jhansi_runner.resolvers.java.names import BOUND, NameMap, binding_for, default_names
from jhansi_runner.resolvers.java.scan import Scan, all_sources, scan
from jhansi_runner.resolvers.java.source import Source, numbered
from jhansi_runner.resolvers.java.steps import POM_FILE
from jhansi_runner.resolvers.java.target import Target

JAVA = "java"
MAX_UNDECIDED = 200
_JUNIT, _CONSOLE = "org.junit.jupiter.", "org.junit.platform.console.ConsoleLauncher"
UNKNOWN = "no file of the workspace provides it, and no map knows an artifact that does"


def plan(
    view: View,
    entry: str | None,
    parse: ParseImports,
    names: NameMap | None = None,
    told: Mapping[str, gradle_answer.Told] = MappingProxyType({}),
) -> Plan:
    """The plan for the file `entry`, or for the whole workspace when it is None. `told` is what Gradle builds said.

    Raises ManifestError for a manifest that cannot be obeyed, ViewError when the entry cannot be read.
    """
    directives = _directives(view, entry, parse)
    if entry is not None and directives.artifacts:
        return _of_directives(view, entry, parse, directives)
    found = project.find(view, entry, parse)
    built = gradle_plan.find(view, entry, parse)
    nearer = found is None or (built is not None and built.path.count("/") > found.pom.path.count("/"))
    if built is not None and nearer:
        return gradle_plan.plan(view, entry, parse, built, told.get(built.path))
    if found is not None:
        planned = maven_plan.plan(view, entry, parse, found)
        if planned.requirements:
            return planned
    scanned = scan(view, entry, parse, directives.sources) if entry is not None else all_sources(view, parse)
    planned = _of_scan(scanned, entry, directives, names or default_names())
    if found is None:
        return planned
    note = f"{found.pom.path}: names no artifact, so it does not decide"
    return replace(planned, notes=(note, *planned.notes))


def _directives(view: View, entry: str | None, parse: ParseImports) -> jbang.Directives:
    data = view.read(entry) if entry is not None else None
    if entry is None or data is None or b"//" not in data:
        return jbang.Directives()
    (answer,) = parse([SourceFile(entry, data)])
    facts = answer.facts if isinstance(answer.facts, dict) else {}
    found = jbang.read(numbered(facts.get("directives")), entry)
    inside = [project.normal(posixpath.dirname(entry), each) for each in found.sources]
    return replace(found, sources=tuple(each for each in inside if each))


def _of_directives(view: View, entry: str, parse: ParseImports, directives: jbang.Directives) -> Plan:
    scanned = scan(view, entry, parse, directives.sources)
    artifacts = [each for each, _ in directives.artifacts]
    return Plan(
        JAVA,
        entry,
        tuple(requirements_of(directives.artifacts, entry)),
        notes=(*directives.notes, *scanned.notes),
        files=((POM_FILE, pom.made_up(artifacts)),),
        target=target_of(scanned.sources, entry, directives, plain=False).encode(),
    )


def _of_scan(scanned: Scan, entry: str | None, directives: jbang.Directives, names: NameMap) -> Plan:
    scanned = _with_console(scanned) if entry is not None else scanned
    requirements, undecided, artifacts = map_imports(scanned, names)
    plain = not requirements and len(scanned.sources) == 1
    return Plan(
        JAVA,
        SCAN if requirements or undecided else NOTHING,
        requirements,
        undecided=undecided,
        notes=(*directives.notes, *scanned.notes),
        files=((POM_FILE, pom.made_up(artifacts)),) if artifacts else (),
        target=target_of(scanned.sources, entry, directives, plain=plain).encode() if entry is not None else "",
    )


def _with_console(scanned: Scan) -> Scan:
    """The scan of a program; one that is tests and has no `main` needs JUnit's console to be started."""
    first = scanned.sources[0]
    tests = next((each for each in first.imports if each.name.startswith(_JUNIT)), None)
    if tests is None or first.main is not None or first.implicit:
        return scanned
    console = Import(_CONSOLE, tests.line)
    return replace(scanned, sources=(replace(first, imports=(*first.imports, console)), *scanned.sources[1:]))


def target_of(sources: tuple[Source, ...], entry: str, directives: jbang.Directives, *, plain: bool) -> Target:
    """What is compiled and started, for sources that no build lays out."""
    first = sources[0]
    main = first.main
    implicit = first.implicit or (main.main if main and main.main == "instance" else "")
    name = first.class_name(main.name) if main else first.class_name(first.stem)
    console = any(each.name == _CONSOLE for each in first.imports) and main is None
    starts = not first.types or (main is not None and first.types[0] == main)
    return Target(
        main=directives.main or (_CONSOLE if console else name),
        plain=plain and starts and not directives.main,
        sources=tuple(each.path for each in sources),
        resources=(posixpath.dirname(entry),) if first.root is None else (first.root,),
        preview=directives.preview or bool(implicit),
        java=directives.java or _least(sources, 21 if implicit else 0, directives),
        misnamed=any(each.is_misnamed for each in sources),
        compile_options=directives.compile_options,
        run_options=directives.run_options,
        arguments=("execute", "--disable-banner", "--disable-ansi-colors", "--select-class", name) if console else (),
    )


def _least(sources: tuple[Source, ...], least: int, directives: jbang.Directives) -> str:
    """The version of Java that must be had at least; who asks for previews knows what is one."""
    release = max([least, *(each.release for each in sources if not directives.preview)])
    return f"{release}+" if release else ""


def map_imports(
    scanned: Scan, names: NameMap
) -> tuple[tuple[Requirement, ...], tuple[Undecided, ...], tuple[Artifact, ...]]:
    """A requirement for each artifact that provides the imports, what no map knows, and all artifacts to resolve."""
    artifacts: dict[str, tuple[Artifact, str, int, str, str]] = {}
    undecided: dict[str, Undecided] = {}
    binding: tuple[str, int, str, str] | None = None
    for source in scanned.sources:
        for each in source.imports:
            if scanned.is_local(each) or names.is_jdk(each.name) or not _tells(each):
                continue
            found = names.lookup(each.name)
            if found is None:
                _add_undecided(undecided, source.path, each, names)
                continue
            place = (source.path, each.line, found.origin, found.matched)
            for artifact in found.artifacts:
                artifacts.setdefault(artifact.key, (artifact, *place))
            binding = binding or (place if found.binding else None)
    further: tuple[Artifact, ...] = ()
    if binding and (bound := binding_for(one[0] for one in artifacts.values())):
        artifacts[bound.key] = (bound, *binding)
        further = () if BOUND.key in artifacts else (BOUND,)
    rows = [artifacts[key] for key in sorted(artifacts)]
    requirements = tuple(one.requirement(path, line, origin, word) for one, path, line, origin, word in rows)
    by_name = sorted(undecided.values(), key=lambda item: item.import_name)
    return requirements, tuple(by_name), (*(row[0] for row in rows), *further)


def _tells(each: Import) -> bool:
    """Whether a name is certainly that of a package's class: `rx.Value` in the code may be a field of a variable."""
    return ":" in each.name or each.name.count(".") >= (2 if each.optional else 1)


def _add_undecided(undecided: dict[str, Undecided], path: str, each: Import, names: NameMap) -> None:
    """What is only written out in the code may be anything: a field's field looks like a package's class."""
    name = names.unknown_name(each.name)
    if not each.optional and name not in undecided and len(undecided) < MAX_UNDECIDED:
        undecided[name] = Undecided(name, path, each.line, UNKNOWN, names.closest(each.name))
