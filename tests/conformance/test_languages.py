"""What every language behind the seam of resolvers keeps to, those that other packages bring included."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.resolvers.interface import FileImports, Import, ParseImports, Plan, SourceFile, ViewError
from jhansi_runner.resolvers.resolver import Resolver, Tools
from jhansi_runner.runner.sandbox import PLACES
from support.tree import ROOT
from support.workspaces import DictView

_EXAMPLE = ROOT / "examples/perl-resolver/jhansi_perl.py"
_GO = """\
package main

import (
\t"fmt"
\t"github.com/google/uuid"
)

func main() { fmt.Print(uuid.New()) }
"""
_JAVA = """\
import com.google.gson.Gson;

class Main {
    public static void main(String[] arguments) { new Gson(); }
}
"""
PROGRAMS = {
    "python": ("main.py", "import json, six\nprint(six)\n"),
    "node": ("main.mjs", "import fs from 'node:fs';\nimport _ from 'lodash';\n"),
    "go": ("main.go", _GO),
    "java": ("Main.java", _JAVA),
    "perl": ("main.pl", "use strict;\nprint 1;\n"),
}
"""For each language a program and its text; all but Perl's need one package."""


def _perl() -> Resolver:
    spec = importlib.util.spec_from_file_location("jhansi_perl", _EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Resolver = module.PerlResolver()
    return made


ALL = {**resolvers(), "perl": _perl()}


@pytest.fixture(params=sorted(ALL))
def language(request: pytest.FixtureRequest) -> Resolver:
    return ALL[str(request.param)]


def parser_of(language: Resolver) -> ParseImports:
    """The language's script, run as the sandbox runs it, without the sandbox."""

    def parse(files: Sequence[SourceFile]) -> Sequence[FileImports]:
        asked = {"files": [{"path": one.path, "data": base64.b64encode(one.data).decode()} for one in files]}
        argv = [sys.executable, "-I", "-S", language.parser]
        done = subprocess.run(argv, input=json.dumps(asked).encode(), capture_output=True, check=True, timeout=60)
        return [
            FileImports(
                one["path"], tuple(Import(**each) for each in one["imports"]), one.get("problem"), one.get("facts")
            )
            for one in json.loads(done.stdout)["files"]
        ]

    return parse


def tools_of(language: Resolver) -> Tools:
    names = [program.name for program in language.programs] or [language.language]
    return Tools({name: f"/usr/bin/{name}" for name in names}, dict.fromkeys(names, "99.0.0"), "tag")


def planned(language: Resolver) -> Plan:
    entry, text = PROGRAMS[language.language]
    return language.plan(DictView({entry: text}), entry, parser_of(language))


def test_every_language_has_a_program_here() -> None:
    assert PROGRAMS.keys() == ALL.keys()


def test_constants_say_what_the_runner_can_use(language: Resolver) -> None:
    assert language.language.islower()
    assert all(suffix.startswith(".") and suffix.islower() for suffix in language.suffixes)
    assert language.suffixes
    assert all("/" not in name for name in (*language.manifests, *language.commands, *language.shebangs))
    assert any(language.place == top or language.place.startswith(f"{top}/") for top in PLACES)
    assert language.parser == "" or os.path.isfile(language.parser)
    assert all(program.hint for program in language.programs)


def test_commands_of_packages_are_the_languages_own(language: Resolver) -> None:
    assert language.packaged.keys() <= set(language.commands)
    assert all(Coordinate.parse(purl).type == language.type for purl in language.packaged.values())


def test_no_two_languages_claim_one_suffix_or_command() -> None:
    for claims in (lambda one: one.suffixes, lambda one: one.commands, lambda one: one.manifests):
        claimed: list[str] = [name for one in ALL.values() for name in _names(claims, one)]
        assert len(claimed) == len(set(claimed))


def _names(claims: Callable[[Resolver], Sequence[str]], one: Resolver) -> Sequence[str]:
    return claims(one)


def test_a_program_is_planned_with_places_and_purls_and_the_same_each_time(language: Resolver) -> None:
    found = planned(language)
    assert found == planned(language)
    assert found.language == language.language
    assert len(found.requirements) == (0 if language.language == "perl" else 1)
    for each in found.requirements:
        assert Coordinate.parse(each.purl).type == language.type
        assert (each.file, each.line > 0) == (PROGRAMS[language.language][0], True)
        assert each.origin
    json.dumps(found.to_json())


def test_a_program_that_is_not_there_is_an_error_with_its_path(language: Resolver) -> None:
    entry, _ = PROGRAMS[language.language]
    with pytest.raises(ViewError, match=entry):
        language.plan(DictView({}), entry, parser_of(language))


def test_an_empty_workspace_needs_nothing(language: Resolver) -> None:
    found = language.plan(DictView({}), None, parser_of(language))
    assert (found.requirements, found.undecided) == ((), ())


def test_steps_write_below_the_stage_and_take_no_variable_of_the_host(
    language: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JHANSI_CANARY", "a secret")
    for build in (False, True):
        for step in language.resolve(planned(language), tools_of(language), build=build):
            assert step.argv
            assert "a secret" not in str(step)
            for path in step.files:
                assert os.path.normpath(path) == path
                assert not path.startswith(("/", ".."))


def test_a_launch_keeps_and_mounts_where_it_may(language: Resolver) -> None:
    entry, _ = PROGRAMS[language.language]
    for asked in (entry, None):
        launch = language.launch(planned(language), asked, tools_of(language), installed=False)
        assert all(place.startswith("/keep/") and place.count("/") == 2 for place in launch.keeps)
        assert all(Path(host).exists() for host, _ in launch.mounts)
        assert all(any(place.startswith(top) for top in PLACES) for _, place in launch.mounts)
        assert bool(launch.argv) or asked is None


@settings(max_examples=25, deadline=None)
@given(words=st.text(max_size=400))
def test_any_last_words_are_stood(words: str) -> None:
    for language in ALL.values():
        plan = Plan(language.language, "none")
        for said in (
            words,
            *(f"{sign} {words}" for sign in ("ModuleNotFoundError: No module named 'x'", "Cannot find")),
        ):
            assert all(one.reason for one in language.diagnose(said, DictView({}), plan))
            assert language.wants_build(said) in (True, False)
            assert all(isinstance(line, str) for line in language.explain(said, plan))
