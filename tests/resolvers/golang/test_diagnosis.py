"""What the go command says when something is missing, in the words of its releases from 1.21 to 1.26."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from jhansi_runner.resolvers.golang.diagnosis import diagnose
from jhansi_runner.resolvers.golang.launch import SIGNS
from jhansi_runner.resolvers.interface import Missing, Plan, View

MakePlan = Callable[[Mapping[str, str | bytes], str | None], Plan]
MakeView = Callable[..., View]
Diagnosed = Callable[[str], list[Missing]]

GRAPH = """\
main.go:6:2: example.test/b@v1.0.0 requires
\texample.test/check@v0.0.0-20161208181325-20d25e280405: missing go.sum entry for go.mod file; to add it:
\tgo mod download example.test/check
"""
FILES = {
    "app/go.mod": "module example.test/app\n\ngo 1.21\n\nrequire example.test/b v1.0.0\n",
    "app/main.go": "package main\n\nfunc main() {}\n",
    "app/sub/sub.go": "package sub\n",
}


@pytest.fixture
def diagnosed(planned: MakePlan, workspace: MakeView) -> Diagnosed:
    return lambda words: list(diagnose(words, workspace(FILES), planned(FILES, "app/main.go")))


@pytest.mark.parametrize(
    ("words", "package", "file", "line"),
    [
        (
            "main.go:4:2: no required module provides package github.com/spf13/cobra; to add it:\n"
            "\tgo get github.com/spf13/cobra\n",
            "github.com/spf13/cobra",
            "app/main.go",
            4,
        ),
        (
            "sub/sub.go:7:2: cannot find module providing package github.com/spf13/cobra/doc: module lookup disabled "
            "by GOPROXY=off\n",
            "github.com/spf13/cobra/doc",
            "app/sub/sub.go",
            7,
        ),
        (
            "/sandbox/app/main.go:3:8: cannot find module providing package example.test/c: import lookup disabled by "
            "-mod=vendor\n\t(Go version in go.mod is at least 1.14 and vendor directory exists.)\n",
            "example.test/c",
            "app/main.go",
            3,
        ),
        (
            "main.go:5:2: missing go.sum entry for module providing package example.test/c (imported by "
            "example.test/app); to add:\n\tgo get example.test/app\n",
            "example.test/c",
            "app/main.go",
            5,
        ),
        (
            "no required module provides package example.test/c; to add it:\n\tgo get example.test/c\n",
            "example.test/c",
            "",
            0,
        ),
        ("../x.go:1:1: no required module provides package example.test/c\n", "example.test/c", "", 0),
    ],
)
def test_a_package_that_no_module_provides(
    diagnosed: Diagnosed, words: str, package: str, file: str, line: int
) -> None:
    (found,) = diagnosed(f"go: downloading x\n{words}")
    assert (found.import_name, found.file, found.line) == (package, file, line)
    assert found.requirement is not None
    assert package.startswith(found.requirement.name)
    assert found.addition == f"require {found.requirement.name} latest"
    assert found.manifest == "app/go.mod"
    assert any(sign in words for sign in SIGNS)


@pytest.mark.parametrize(
    ("words", "package", "closest"),
    [
        (
            "main.go:4:2: package logrus is not in std (/usr/local/go/src/logrus)\n",
            "logrus",
            "github.com/sirupsen/logrus",
        ),
        ("main.go:4:2: package app/x is not in GOROOT (/usr/lib/go/src/app/x)\n", "app/x", None),
        (
            "main.go:4:2: no required module provides package github.com/siruspen/logrus; to add it:\n",
            "github.com/siruspen/logrus",
            "github.com/sirupsen/logrus",
        ),
        (
            "main.go:4:2: no required module provides package example.test/b/sub; to add it:\n",
            "example.test/b/sub",
            None,
        ),
    ],
)
def test_what_nothing_can_be_installed_for(diagnosed: Diagnosed, words: str, package: str, closest: str | None) -> None:
    (found,) = diagnosed(words)
    assert (found.import_name, found.requirement, found.closest) == (package, None, closest)
    assert found.addition == ""
    assert any(sign in words for sign in SIGNS)


def test_each_package_is_told_once_in_the_order_of_the_words(diagnosed: Diagnosed) -> None:
    words = (
        "main.go:4:2: no required module provides package example.test/d; to add it:\n\tgo get example.test/d\n"
        "main.go:5:2: package logrus is not in std (/x)\n"
        "main.go:6:2: no required module provides package example.test/c; to add it:\n\tgo get example.test/c\n"
        "sub/sub.go:6:2: no required module provides package example.test/d; to add it:\n\tgo get example.test/d\n"
    )
    assert [each.import_name for each in diagnosed(words)] == ["example.test/d", "logrus", "example.test/c"]


@pytest.mark.parametrize(
    "words",
    [
        'runtime/cgo: cgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH\n',
        "panic: Binary was compiled with 'CGO_ENABLED=0', go-sqlite3 requires cgo to work. This is a stub\n",
        "go: no Go source files\n",
        "main.go:3:8: build constraints exclude all Go files in /sandbox/c\n",
    ],
)
def test_a_missing_c_compiler_is_named(diagnosed: Diagnosed, words: str) -> None:
    (found,) = diagnosed(words)
    assert (found.import_name, found.requirement) == ("C", None)
    assert "install gcc" in found.reason
    assert any(sign in words for sign in SIGNS)


@pytest.mark.parametrize("name", ['a.b/c"', 'a.b/c"import"d.e/f', "a.b/c`", "a.b/\\c", "a.b/c\x00d"])
def test_what_no_package_is_called_is_not_passed_on(diagnosed: Diagnosed, name: str) -> None:
    assert diagnosed(f"main.go:4:2: no required module provides package {name}; to add it:\n") == []


@pytest.mark.parametrize("words", ["", "panic: boom\n\ngoroutine 1 [running]:\n", "main.go:3:2: undefined: x\n"])
def test_other_faults_are_none_of_ours(diagnosed: Diagnosed, words: str) -> None:
    assert diagnosed(words) == []


def test_what_go_gave_up_to_look_for_is_read_where_it_is_imported(planned: MakePlan, workspace: MakeView) -> None:
    main = (
        'package main\n\nimport (\n\t"fmt"\n\n\tc "example.test/c/sub" // why\n)\n\nfunc main() { fmt.Println(c.X) }\n'
    )
    files = {**FILES, "app/main.go": main}
    plan = planned(files, "app/main.go")
    unused = "main.go:6:2: example.test/b@v1.0.0: missing go.sum entry for go.mod file; to add it:\n"
    for words in (GRAPH, unused):
        (found,) = diagnose(words, workspace(files), plan)
        assert (found.import_name, found.file, found.line) == ("example.test/c/sub", "app/main.go", 6)
        assert found.addition == "require example.test/c latest"
    for elsewhere in ("main.go:4:", "main.go:7:", "main.go:70:", "other.go:6:"):
        assert list(diagnose(GRAPH.replace("main.go:6:", elsewhere), workspace(files), plan)) == []


TABLE = "./main.go:9:4: t.SetHeader undefined (type *tablewriter.Table has no field or method SetHeader)\n"
MUST = (
    "# program\n./main.go:9:17: not enough arguments in call to uuid.Must\n\thave (uuid.UUID)\n\twant (uuid.UUID, x)\n"
)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (TABLE, "github.com/olekukonko/tablewriter"),
        (MUST, "github.com/satori/go.uuid"),
        ("./main.go:9:1: undefined: jwt.StandardClaims\n", "github.com/golang-jwt/jwt/v5"),
        ("./main.go:9:1: assignment mismatch: 2 variables but redis.X returns 1 value\n", "gopkg.in/redis.v5"),
    ],
)
def test_code_for_another_version_is_told_as_that_where_nothing_names_one(
    planned: MakePlan, workspace: MakeView, words: str, path: str
) -> None:
    files = {"main.go": f'package main\n\nimport _ "{path}"\n\nfunc main() {{}}\n'}
    plan = planned(files, "main.go")
    (found,) = diagnose(words, workspace(files), plan)
    assert (found.import_name, found.file, found.line, found.requirement) == (path, "main.go", 9, None)
    assert "a go.mod can require the one" in found.reason
    assert any(sign in words for sign in SIGNS)
    pinned = {**files, "go.mod": f"module x.test/y\n\ngo 1.21\n\nrequire {path} v1.0.0\n"}
    assert list(diagnose(words, workspace(pinned), planned(pinned, "main.go"))) == []


def test_a_mistake_of_ones_own_is_no_other_version(planned: MakePlan, workspace: MakeView) -> None:
    files = {"main.go": 'package main\n\nimport _ "github.com/satori/go.uuid"\n\nfunc main() {}\n'}
    plan = planned(files, "main.go")
    assert list(diagnose("./main.go:9:1: undefined: nothing\n", workspace(files), plan)) == []
    assert list(diagnose("./main.go:9:1: undefined: strings.Nothing\n", workspace(files), plan)) == []
