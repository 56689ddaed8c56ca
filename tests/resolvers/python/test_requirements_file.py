"""What requirements files ask for, and what in them is not obeyed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jhansi_runner.resolvers.interface import ManifestError, View
from jhansi_runner.resolvers.python.manifest import Draft, LocalProject, Manifest
from jhansi_runner.resolvers.python.requirements_file import collect, inside
from support.workspaces import DictView

Read = Callable[..., Manifest]
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def manifest(workspace: Callable[[Mapping[str, str]], View]) -> Read:
    def read(text: str, path: str = "requirements.txt", **others: str) -> Manifest:
        draft = Draft()
        files = {name.replace("__", "/").replace("_", "."): content for name, content in others.items()}
        assert collect(workspace({path: text, **files}), path, draft)
        return draft.finish(path)

    return read


def test_a_missing_file_is_no_manifest(workspace: Callable[[Mapping[str, str]], View]) -> None:
    assert not collect(workspace({}), "requirements.txt", Draft())


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Flask", "flask"),
        ("typing.Extensions>=4, <5", "typing-extensions<5,>=4"),
        ("uvicorn[Standard, x] ~= 0.3", "uvicorn[standard,x]~=0.3"),
        ("a==1 ; python_version < '3.12'", 'a==1; python_version < "3.12"'),
        ("a @ https://host.test/a-1.zip ; os_name=='posix'", 'a @ https://host.test/a-1.zip ; os_name == "posix"'),
        (
            "https://host.test/x/My_Pkg-1.0-py3-none-any.whl#sha256=0",
            "my-pkg @ https://host.test/x/My_Pkg-1.0-py3-none-any.whl#sha256=0",
        ),
        ("https://host.test/thing-1.0.tar.gz", "thing @ https://host.test/thing-1.0.tar.gz"),
    ],
)
def test_requirements(manifest: Read, line: str, text: str) -> None:
    assert [each.text for each in manifest(line).requirements] == [text]


def test_hashes_stay_with_their_requirement(manifest: Read) -> None:
    (found,) = manifest(f"a==1 \\\n  --hash={DIGEST}").requirements
    assert found.hashes == (DIGEST,)
    assert found.locked_text == f"a==1 --hash={DIGEST}"
    assert (found.file, found.line, found.origin, found.purl) == ("requirements.txt", 1, "manifest", "pkg:pypi/a@1")


def test_included_files_are_relative_to_the_one_that_names_them(manifest: Read) -> None:
    found = manifest(
        "-r sub/base.txt\nb",
        "app/requirements.txt",
        app__sub__base_txt="-r ../../top.txt\n-c limits.txt\na",
        top_txt="c",
        app__sub__limits_txt="a<2",
    )
    assert [(each.text, each.file) for each in found.requirements] == [
        ("a", "app/sub/base.txt"),
        ("b", "app/requirements.txt"),
        ("c", "top.txt"),
    ]
    assert [each.text for each in found.constraints] == ["a<2"]


def test_what_a_constraints_file_includes_constrains(manifest: Read) -> None:
    found = manifest("a\n-c c.txt", c_txt="-r d.txt", d_txt="b==1")
    assert [each.text for each in found.requirements] == ["a"]
    assert [each.text for each in found.constraints] == ["b==1"]


def test_a_circle_ends_with_a_note(manifest: Read) -> None:
    found = manifest("a\n-r b.txt", b_txt="b\n-r requirements.txt")
    assert [each.text for each in found.requirements] == ["a", "b"]
    assert found.notes == ("b.txt:2: requirements.txt was read already",)


@pytest.mark.parametrize(
    "option",
    [
        "-i https://index.test/simple",
        "--index-url=https://index.test/simple",
        "--extra-index-url https://index.test/simple",
        "-f links/",
        "--find-links links/",
        "--trusted-host index.test",
        "--no-index",
    ],
)
def test_an_index_is_never_obeyed(manifest: Read, option: str) -> None:
    found = manifest(f"a\n{option}\n")
    assert [each.text for each in found.requirements] == ["a"]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("requirements.txt:2: ")
    assert found.notes[0].endswith("is not obeyed: registries are set by the policy")


def test_prereleases(manifest: Read) -> None:
    assert manifest("--pre\na").allow_prereleases
    assert not manifest("a").allow_prereleases


def test_projects_of_the_workspace_are_told_apart_from_packages() -> None:
    def projects(line: str, path: str = "requirements.txt") -> list[LocalProject]:
        draft = Draft()
        assert collect(DictView({path: line}), path, draft)
        assert not draft.requirements
        return draft.projects

    assert projects("-e .[dev, docs]") == [LocalProject("", ("dev", "docs"), "requirements.txt", 1)]
    assert projects("./libs/one") == [LocalProject("libs/one", (), "requirements.txt", 1)]
    assert projects("-e ../one", "app/requirements.txt") == [LocalProject("one", (), "app/requirements.txt", 1)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a b", "not a requirement"),
        ("a>=1.*.2", "not a requirement"),
        ("a @ file:///etc/passwd", "not an https address"),
        ("a @ http://host.test/a-1.zip", "not an https address"),
        ("git+https://host.test/a.git", "version control"),
        ("-e git+ssh://git@host.test/a.git#egg=a", "version control"),
        ("a @ git+https://host.test/a.git", "version control"),
        ("https://host.test/archive/main.zip", "does not show the package's name"),
        ("-e ../other", "outside the workspace"),
        ("/abs/pkg.whl", "outside the workspace"),
        ("dist/a-1-py3-none-any.whl", "is a file of a package"),
        ("-r /etc/passwd", "outside the workspace"),
        ("-r ../up.txt", "outside the workspace"),
        ("-r a/../../up.txt", "outside the workspace"),
        ("-r .", "is a folder"),
        ("-c a/../", "is a folder"),
        ("-r https://host.test/r.txt", "not a path"),
        ("-r missing.txt", "does not exist"),
        ("-c missing.txt", "does not exist"),
        ("-r", "not a path"),
        ("--no-such-option", "not known"),
        ("a ; " + "(" * 5_000 + "os_name=='x'", "not a requirement"),
        ("a" * 20_000, "not a requirement"),
    ],
)
def test_what_cannot_be_obeyed_is_an_error_with_its_line(manifest: Read, line: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message) as caught:
        manifest(f"ok\n{line}\n")
    assert (caught.value.file, caught.value.line) == ("requirements.txt", 2)
    assert caught.value.hint


def test_a_link_is_an_error(refusing: Callable[[Mapping[str, str], list[str]], View]) -> None:
    with pytest.raises(ManifestError, match=r"^requirements.txt: is a symbolic link"):
        collect(refusing({"requirements.txt": "a"}, ["requirements.txt"]), "requirements.txt", Draft())


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abc./\\", max_size=12), st.sampled_from(["", "a", "a/b"]))
def test_no_path_leads_out(target: str, folder: str) -> None:
    try:
        path = inside(folder, target, "r.txt", 1)
    except ManifestError:
        return
    assert not path.startswith("/")
    assert ".." not in path.split("/")


LINES = ["a", "a>=1", "-r b.txt", "-c b.txt", "-e .", "--pre", "-i x", "a \\", "# c", "a[b]; os_name=='x'", "@", ";"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=8), st.text(max_size=20))
def test_any_file_is_read_or_refused(chosen: list[str], tail: str) -> None:
    class Anything:
        def read(self, path: str) -> bytes | None:
            return "\n".join([*chosen, tail]).encode("utf-8", "replace") if path.endswith(".txt") else None

        def names(self, _folder: str) -> tuple[str, ...]:
            return ()

    with contextlib.suppress(ManifestError):
        collect(Anything(), "requirements.txt", Draft())
