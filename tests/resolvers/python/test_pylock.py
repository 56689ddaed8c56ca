"""What `pylock.toml` asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from jhansi_runner.resolvers.interface import ManifestError, ParseImports, Plan, View
from jhansi_runner.resolvers.python import steps
from jhansi_runner.resolvers.python.manifest import Draft
from jhansi_runner.resolvers.python.plan import plan
from jhansi_runner.resolvers.python.pylock import collect, files, is_lock

MakeView = Callable[[Mapping[str, str]], View]
ONE, TWO = "1" * 64, "2" * 64
LOCK = f"""lock-version = "1.0"
requires-python = ">=3.11"
default-groups = ["dev"]
created-by = "uv"

[[packages]]
name = "idna"
version = "3.7"
marker = "python_version < '4' and ('dev' in dependency_groups or 'x' in extras)"
index = "https://registry.example/simple"
sdist = {{ url = "https://files.example/idna-3.7.tar.gz", hashes = {{ sha256 = "{TWO}" }} }}
wheels = [{{ url = "https://files.example/idna-3.7-py3-none-any.whl", hashes = {{ sha256 = "{ONE}" }} }}]

[[packages]]
name = "mine"
directory = {{ path = ".", editable = true }}

[[packages]]
name = "direct"
archive = {{ url = "https://files.example/direct-1.tar.gz", hashes = {{ sha256 = "{ONE}" }} }}
"""


def draft_of(view: View) -> Draft:
    draft = Draft()
    assert collect(view, "pylock.toml", draft)
    return draft


def test_packages_are_pinned_with_all_their_hashes(workspace: MakeView) -> None:
    draft = draft_of(workspace({"pylock.toml": LOCK}))
    idna, direct = draft.requirements
    assert idna.text.startswith("idna==3.7; python_version < ")
    assert "extras" not in idna.marker
    assert "dependency_groups" not in idna.marker
    assert (idna.line, idna.hashes, idna.purl) == (7, (f"sha256:{ONE}", f"sha256:{TWO}"), "pkg:pypi/idna@3.7")
    assert direct.url == "https://files.example/direct-1.tar.gz"
    assert draft.requires_python == ">=3.11"
    assert [note.partition(": ")[2] for note in draft.notes] == [
        "the project itself (mine) is not installed, only what it depends on",
        "idna comes from another index than the registry's: only files of these hashes are taken",
    ]


def test_a_group_that_is_not_default_and_an_extra_never_hold(workspace: MakeView) -> None:
    from packaging.markers import Marker

    for marker, holds in (
        ("'docs' in dependency_groups", False),
        ("'dev' in dependency_groups", True),
        ("'docs' not in dependency_groups", True),
        ("'dev' in dependency_groups and 'x' in extras", False),
    ):
        lock = LOCK.replace("python_version < '4' and ('dev' in dependency_groups or 'x' in extras)", marker)
        found = draft_of(workspace({"pylock.toml": lock})).requirements[0]
        assert Marker(found.marker).evaluate() is holds, marker


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('lock-version = "1.0"', 'lock-version = "2.0"'), "lock-version is '2.0'"),
        (('lock-version = "1.0"', ""), "lock-version is ''"),
        (('version = "3.7"', ""), "idna has no version"),
        (("1" * 64, "zz"), "direct has no file with a sha256"),
        (("directory = { path", 'vcs = { type = "git" }\nx = { path'), "mine does not come from the registry"),
        (('path = "."', 'path = "../other"'), "mine does not come from the registry"),
        (('archive = { url = "https://files', 'archive = { path = "files'), "direct is a local archive"),
        (('name = "idna"', "name = 3"), "name is not a string"),
        (("wheels = [{", "wheels = [3, {"), "idna is not a package with a list of wheels"),
    ],
)
def test_what_cannot_be_obeyed_stops(workspace: MakeView, change: tuple[str, str], message: str) -> None:
    lock = LOCK.replace(*change)
    assert lock != LOCK
    with pytest.raises(ManifestError, match=r"^pylock.toml:") as stopped:
        draft_of(workspace({"pylock.toml": lock}))
    assert message in stopped.value.message


def test_nothing_is_added_to_the_packages_of_a_lock() -> None:
    for source, locked in (("pylock.toml", True), ("a/pylock.dev.toml", True), ("mypylock.toml", False)):
        assert is_lock(source) is locked
        made = Plan("python", source, files=files(source, ()))
        assert ("--no-deps" in steps.resolve(made, "/python", build=False).argv) is locked


def test_each_version_of_a_lock_keeps_its_hashes(workspace: MakeView) -> None:
    package = (
        '[[packages]]\nname = "a"\nversion = "{v}"\nmarker = "python_version {o} \'3.12\'"\n'
        'wheels = [{{ hashes = {{ sha256 = "{h}" }} }}]\n'
    )
    lock = 'lock-version = "1.0"\n' + package.format(v=1, o="<", h=ONE) + package.format(v=2, o=">=", h=TWO)
    draft = draft_of(workspace({"pylock.toml": lock}))
    made = Plan("python", "pylock.toml", tuple(draft.requirements))
    written = f"a==1 \\\n    --hash=sha256:{ONE} \\\n    --hash=sha256:{'3' * 64}\n"
    assert steps.narrowed(written, made) == f"a==1 \\\n    --hash=sha256:{ONE}\n"


def test_a_lock_is_another_request_than_the_same_lines_by_name(workspace: MakeView, parse: ParseImports) -> None:
    locked = plan(workspace({"pylock.toml": LOCK, "main.py": ""}), "main.py", parse)
    lines = "".join(f"{each.locked_text}\n" for each in locked.requirements)
    named = plan(workspace({"requirements.txt": lines, "main.py": ""}), "main.py", parse)
    assert [each.locked_text for each in locked.requirements] == [each.locked_text for each in named.requirements]
    assert locked.files == (("pylock.toml", lines),)
    assert named.files == ()
