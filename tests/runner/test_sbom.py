"""What `sbom` prints about real runs, and what it refuses to vouch for."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.cache.pins import pinned
from support.cyclonedx import cyclonedx_errors
from support.registry import Upstream
from support.user import User
from support.wheels import make_wheel

PROGRAM = "import app\nimport six\n"


@pytest.fixture
def index(upstream: Upstream) -> Upstream:
    """A package with needs, one of them for an extra and one for other Pythons, and licences of each kind."""
    upstream.add(
        make_wheel(
            "app",
            "2.0",
            requires=["six>=1.16", "packaging<2", 'click; python_version < "3"'],
            extras={"fast": ["speedups[more]"]},
            licence="MIT OR Apache-2.0",
        )
    )
    upstream.add(make_wheel("speedups", "0.1", extras={"more": ["extra-dep"]}, licence="LicenseRef-own"))
    upstream.add(make_wheel("extra-dep", "0.2", licence="whatever I like"))
    return upstream


def sbom(user: User, *words: str, code: int = 0) -> dict[str, Any]:
    done = user.run("sbom", *words)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert cyclonedx_errors(found) == []
    return found


def by_purl(document: dict[str, Any]) -> dict[str, Any]:
    return {each["purl"]: each for each in document["components"]}


def needs(document: dict[str, Any]) -> dict[str, list[str]]:
    return {each["ref"]: each["dependsOn"] for each in document["dependencies"]}


def properties(thing: dict[str, Any], name: str) -> list[str]:
    return [each["value"] for each in thing["properties"] if each["name"] == f"jhansi-runner:{name}"]


def set_folder(user: User) -> Path:
    (found,) = (user.state / "state/sets").iterdir()
    return found


def test_a_document_names_what_was_installed_whence_and_why(new_user: User, index: Upstream) -> None:
    new_user.policy(index.url)
    new_user.write("requirements.txt", "app[fast]==2.0\nsix\n")
    assert new_user.python("import app").returncode == 0
    document = sbom(new_user)
    found = by_purl(document)
    assert sorted(found) == [
        "pkg:pypi/app@2.0",
        "pkg:pypi/extra-dep@0.2",
        "pkg:pypi/packaging@1.0",
        "pkg:pypi/six@1.16.0",
        "pkg:pypi/speedups@0.1",
    ]
    for name, each in found.items():
        (line,) = properties(each, "artifact")
        filename, digest, size = line.split(" ")
        held = (new_user.state / "cache").rglob(digest.removeprefix("sha256:"))
        data = next(held).read_bytes()
        assert each["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(data).hexdigest()}], name
        assert len(data) == int(size)
        assert filename.endswith("-py3-none-any.whl")
    assert needs(document) == {
        "program": ["pkg:pypi/app@2.0", "pkg:pypi/six@1.16.0"],
        "pkg:pypi/app@2.0": ["pkg:pypi/packaging@1.0", "pkg:pypi/six@1.16.0", "pkg:pypi/speedups@0.1"],
        "pkg:pypi/speedups@0.1": ["pkg:pypi/extra-dep@0.2"],
        "pkg:pypi/extra-dep@0.2": [],
        "pkg:pypi/packaging@1.0": [],
        "pkg:pypi/six@1.16.0": [],
    }
    assert {name: each["licenses"] for name, each in found.items()} == {
        "pkg:pypi/app@2.0": [{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}],
        "pkg:pypi/speedups@0.1": [{"expression": "LicenseRef-own", "acknowledgement": "declared"}],
        "pkg:pypi/extra-dep@0.2": [{"license": {"name": "NOASSERTION"}}],
        "pkg:pypi/packaging@1.0": [{"license": {"name": "NOASSERTION"}}],
        "pkg:pypi/six@1.16.0": [{"license": {"name": "NOASSERTION"}}],
    }
    assert properties(found["pkg:pypi/extra-dep@0.2"], "declared-licence") == ["whatever I like"]
    assert properties(found["pkg:pypi/app@2.0"], "asked-by") == ["requirements.txt:1 (manifest)"]
    assert properties(found["pkg:pypi/speedups@0.1"], "asked-by") == []
    (run,) = json.loads(new_user.run("runs", "--json").stdout)["runs"]
    assert properties(document["metadata"], "run") == [run["run_id"]]
    assert properties(document["metadata"], "policy") == [f"sha256:{run['policy']}"]
    assert document["compositions"][0]["aggregate"] == "complete"


def test_an_extra_that_nobody_asked_for_is_no_need_though_its_package_is_there(new_user: User, index: Upstream) -> None:
    new_user.policy(index.url)
    new_user.write("requirements.txt", "app\nspeedups\n")
    assert new_user.python("import app").returncode == 0
    assert "pkg:pypi/speedups@0.1" not in needs(sbom(new_user))["pkg:pypi/app@2.0"]


def test_who_asked_belongs_to_the_run_though_the_set_is_shared(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    assert new_user.python("\nimport six\n").returncode == 0
    first = sbom(new_user)
    new_user.work = new_user.folder(new_user.root / "other")
    new_user.write("tool.py", "import six\n")
    assert new_user.exec("tool.py").returncode == 0
    second = sbom(new_user)
    set_folder(new_user)
    whys = [properties(each["components"][0], "asked-by")[0] for each in (first, second)]
    assert whys[0].startswith("import six, main.py:2 (")
    assert whys[1].startswith("import six, tool.py:1 (")
    assert first["serialNumber"] != second["serialNumber"]


def test_the_same_run_gives_the_same_document_and_a_repeat_its_own(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.python("import six")
    new_user.exec("main.py")
    runs = [run["run_id"] for run in json.loads(new_user.run("runs", "--json").stdout)["runs"]]
    texts = [new_user.run("sbom", run).stdout for run in (*runs, *runs)]
    assert texts[0] == texts[2] == new_user.run("sbom").stdout
    assert texts[1] == texts[3] != texts[0]
    assert json.loads(texts[0])["components"] == json.loads(texts[1])["components"]


def test_a_program_of_a_workspace_is_chosen_and_the_document_is_written(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.python("import six")
    new_user.write("other.py", "import packaging")
    new_user.exec("other.py")
    done = new_user.run("sbom", "--workspace", str(new_user.work), "main.py", "--output", "bom.json", cwd=new_user.home)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert list(by_purl(json.loads((new_user.home / "bom.json").read_text()))) == ["pkg:pypi/six@1.16.0"]
    assert list(by_purl(sbom(new_user))) == ["pkg:pypi/packaging@1.0"]


def test_what_was_built_is_listed_by_the_artifact_that_it_was_built_from(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    assert new_user.python("import attrs").returncode == 0
    (found,) = by_purl(sbom(new_user)).values()
    assert properties(found, "artifact")[0].startswith("attrs-23.1.0.tar.gz sha256:")


def test_the_cache_may_be_deleted_and_until_then_keeps_what_sets_were_made_from(
    new_user: User, upstream: Upstream
) -> None:
    new_user.policy(upstream.url)
    new_user.python("import six")
    before = sbom(new_user)
    digest = before["components"][0]["hashes"][0]["content"]
    (set_folder(new_user) / "lock.txt").rename(new_user.root / "lock.txt")
    for request in (new_user.state / "state/requests").iterdir():
        request.unlink()
    assert digest in pinned(str(new_user.state / "state"))
    (new_user.root / "lock.txt").rename(set_folder(new_user) / "lock.txt")
    shutil.rmtree(new_user.state / "cache")
    assert sbom(new_user) == before


def test_what_did_not_pass_the_gate_is_an_error(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.python("import six, packaging")
    path = set_folder(new_user) / "artifacts.txt"
    whole = path.read_text()
    path.write_text("".join(line for line in whole.splitlines(keepends=True) if "six" not in line))
    done = new_user.run("sbom")
    assert done.returncode == 1
    assert "pkg:pypi/six@1.16.0: no artifact of it passed the mirror" in done.stderr
    assert sbom(new_user, code=1)["compositions"][0]["aggregate"] == "incomplete"
    path.write_text(
        whole.replace(by_purl(sbom(new_user, code=1))["pkg:pypi/packaging@1.0"]["hashes"][0]["content"], "ab" * 32)
    )
    assert "has none of the hashes that the lock gives" in new_user.run("sbom").stderr


def test_what_was_put_into_a_set_later_is_an_error(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.python("import six")
    (set_folder(new_user) / "site" / "trojan-1.0.dist-info").mkdir()
    done = new_user.run("sbom")
    assert (done.returncode, "trojan is there and was not locked" in done.stderr) == (1, True)


def test_each_thing_that_is_not_there_is_said(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    assert "no run is recorded" in new_user.run("sbom").stderr
    new_user.python("print(1)")
    assert "had no packages" in new_user.run("sbom").stderr
    new_user.python("import six")
    assert "no run is recorded in the workspace" in new_user.run("sbom", cwd=new_user.home).stderr
    assert "no run of none.py" in new_user.run("sbom", "--workspace", ".", "none.py").stderr
    assert "there is no run 0123" in new_user.run("sbom", "0123").stderr
    (folder,) = (new_user.state / "state/runs/asked").iterdir()
    text = folder.read_text()
    folder.write_text(text.replace("main.py", "mine.py"))
    done = new_user.run("sbom")
    assert (done.returncode, "was changed" in done.stderr) == (1, True)
    (set_folder(new_user) / "artifacts.txt").write_text("jhansi-artifacts 1\n")
    assert "cannot be read: it is not whole" in new_user.run("sbom").stderr
    shutil.rmtree(set_folder(new_user))
    done = new_user.run("sbom")
    assert (done.returncode, "were deleted since" in done.stderr) == (125, True)
    new_user.write("main.py", "import nothing_of_the_kind_at_all, six")
    assert new_user.run("sbom").stderr.count("Traceback") == 0
