"""What was warmed from a lock that a real client made, that client installs with no registry there."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jhansi_runner.proxy.registries.golang_sums import public_database
from jhansi_runner.proxy.registries.upstreams import upstream
from support import jvm
from support.clients import Desk, program, url_of
from support.registry import Upstream
from support.registry.golang import GoUpstream
from support.registry.maven import MavenUpstream
from support.registry.npm import NpmUpstream
from support.team import Team
from support.warmer import Command, policy_text
from support.wheels import make_sdist, make_wheel

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"


@contextmanager
def _near(tmp_path: Path, policy: str) -> Iterator[Team]:
    """The side with a registry, where locks are made."""
    home = tmp_path / "near"
    home.mkdir()
    with Team(home, policy) as team:
        yield team


@contextmanager
def _far(command: Command, policy: str) -> Iterator[Team]:
    """The side without."""
    with Team(command.home, policy, "--offline") as team:
        yield team


@pytest.fixture
def pythons() -> Iterator[Upstream]:
    with Upstream() as up:
        up.add(make_wheel("app", "1.0", requires=["helper>=1", "native; python_version >= '3'"]))
        up.add(make_wheel("app", "2.0"))
        up.add(make_wheel("helper", "1.0"))
        up.add(make_sdist("helper", "1.0"))
        for machine in ("x86_64", "aarch64"):
            up.add(make_wheel("native", "1.5", tag=f"{_TAG}-{_TAG}-manylinux_2_17_{machine}"))
            up.add(make_wheel("native", "1.5", tag=f"{_TAG}-{_TAG}-manylinux_2_35_{machine}"))
        up.add(make_wheel("native", "1.5", tag=f"{_TAG}-{_TAG}-win_amd64"))
        yield up


def _python_lock(kind: str, desk: Desk, team: Team) -> Path:
    desk.set_up("uv", url_of(team))
    if kind == "uv.lock":
        desk.write(
            "pyproject.toml",
            f'[project]\nname="mine"\nversion="1"\nrequires-python=">={_PYTHON}"\ndependencies=["app==1.0"]\n',
        )
        done = desk.run("uv", "lock", "--python", sys.executable)
        assert done.code == 0, done.said
        return desk.work / "uv.lock"
    desk.write("in.txt", "app==1.0\n")
    lock = desk.work / kind
    more = ["--generate-hashes"] if kind == "requirements.txt" else []
    done = desk.run("uv", "pip", "compile", "--python", sys.executable, "in.txt", "-o", str(lock), *more)
    assert done.code == 0, done.said
    return lock


@pytest.mark.parametrize("kind", ["uv.lock", "pylock.toml", "requirements.txt"])
@pytest.mark.parametrize("client", ["pip", "uv"])
def test_python(kind: str, client: str, pythons: Upstream, desk: Desk, tmp_path: Path, command: Command) -> None:
    policy = policy_text(pythons)
    with _near(tmp_path, policy) as team:
        lock, near = _python_lock(kind, desk, team), url_of(team)
    command.policy(policy)
    done = command(str(lock), "--platform", "linux-x86_64,linux-aarch64")
    assert done.returncode == 0, (done.stdout, done.stderr)
    pythons.stop()
    again = command(str(lock), "--platform", "linux-x86_64,linux-aarch64", "--offline")
    assert again.returncode == 0, again.stdout
    with _far(command, policy) as team:
        far = Desk.without_network(tmp_path / "fardesk")
        far.set_up(client, url_of(team))
        lib = str(far.home / "lib")
        if kind == "uv.lock":
            exported = desk.run("uv", "export", "--frozen", "--no-emit-project", "-o", "exported.txt")
            assert exported.code == 0, exported.said
            lock = desk.work / "exported.txt"
        lock.write_text(lock.read_text().replace(near, url_of(team)))  # through the gate both have the registry's name
        words = ["-r", str(lock)]
        if kind == "pylock.toml" and client == "pip":
            words = ["app==1.0"]  # pip reads no pylock yet
        if client == "uv":
            done_far = far.run("uv", "pip", "install", "--python", sys.executable, "--target", lib, *words)
        else:
            done_far = far.run(sys.executable, "-m", "pip", "install", "--target", lib, *words)
        assert done_far.code == 0, done_far.said
    assert {"app", "helper", "native"} <= {
        path.name.partition("-")[0].removesuffix(".py") for path in Path(lib).iterdir()
    }


@pytest.mark.parametrize("platform", ["x86_64", "aarch64"])
def test_wheels_of_foreign_hosts_are_those_that_uv_and_pip_choose_for_them(
    platform: str, pythons: Upstream, desk: Desk, command: Command
) -> None:
    policy = policy_text(pythons)
    command.policy(policy)
    names = desk.write("list", "pkg:pypi/app@1.0\npkg:pypi/helper@1.0\npkg:pypi/native@1.5\n")
    done = command(str(names), "--platform", f"linux-{platform}", "--python", _PYTHON)
    assert done.returncode == 0, (done.stdout, done.stderr)
    pythons.stop()
    with _far(command, policy) as team:
        for glibc, wheel in (("2_17", "manylinux_2_17"), ("2_40", "manylinux_2_35")):
            desk.set_up("pip", url_of(team))
            folder = desk.home / f"down-{glibc}"
            tags = [f"manylinux_2_{minor}_{platform}" for minor in range(int(glibc[2:]), 16, -1)]
            got = desk.run(
                *(sys.executable, "-m", "pip", "download", "-d", str(folder), "--only-binary", ":all:", "app==1.0"),
                *("--python-version", _PYTHON, *(word for tag in tags for word in ("--platform", tag))),
            )
            assert got.code == 0, got.said
            assert any(f"{wheel}_{platform}" in path.name for path in folder.iterdir()), sorted(folder.iterdir())
        target = desk.home / "uvlib"
        desk.set_up("uv", url_of(team))
        got = desk.run(
            *("uv", "pip", "install", "--python", sys.executable, "--target", str(target), "app==1.0"),
            *("--python-platform", f"{platform}-manylinux_2_17", "--only-binary", ":all:"),
        )
        assert got.code == 0, got.said


@pytest.fixture
def nodes() -> Iterator[NpmUpstream]:
    program("npm")
    with NpmUpstream() as up:
        up.add(
            "app",
            "1.0.0",
            dependencies={"helper": "^1.0.0"},
            optionalDependencies={"@x/arm": "1.0.0", "@x/mac": "1.0.0"},
        )
        up.add("helper", "1.0.0")
        up.add("helper", "1.1.0")
        up.add("@x/arm", "1.0.0", os=["linux"], cpu=["arm64"])
        up.add("@x/mac", "1.0.0", os=["darwin"])
        yield up


@pytest.mark.parametrize("version", ["1", "2", "3"])
def test_npm(version: str, nodes: NpmUpstream, desk: Desk, tmp_path: Path, command: Command) -> None:
    policy = policy_text(nodes)
    desk.write("package.json", json.dumps({"name": "mine", "version": "1.0.0", "dependencies": {"app": "^1.0.0"}}))
    with _near(tmp_path, policy) as team:
        desk.set_up("npm", url_of(team))
        done = desk.run("npm", "install", "--package-lock-only", f"--lockfile-version={version}")
        assert done.code == 0, done.said
    command.policy(policy)
    warmed = command(str(desk.work), "--platform", "linux-x86_64")
    assert warmed.returncode == 0, (warmed.stdout, warmed.stderr)
    for name in ("mac", "arm"):
        assert not nodes.count(f"/@x/{name}/-/{name}-1.0.0.tgz")
    # Of no package did npm 6 write into its lock which systems it is for.
    assert ("left out, being for other systems" in warmed.stdout) == (version == "1")
    nodes._server.stop()
    with _far(command, policy) as team:
        far = Desk.without_network(tmp_path / "fardesk")
        far.set_up("npm", url_of(team))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(desk.work / name, far.work / name)
        done = far.run("npm", "ci")
        assert done.code == 0, done.said
        assert (far.work / "node_modules/helper/package.json").exists()


@pytest.mark.parametrize("count", [3, 300])
def test_go(count: int, desk: Desk, tmp_path: Path, command: Command) -> None:
    """Also without a go.sum on the other side: then all is proved by the checksum database."""
    program("go")
    with GoUpstream(database=public_database(upstream("golang").public)) as up:
        up.add("example.test/Helper", "v1.2.0")
        for number in range(count):  # so that the tree has tiles that are whole
            up.add(f"example.test/filler{number}", "v1.0.0")
        text = 'package app\n\nimport _ "example.test/Helper"\n'
        up.add("example.test/app", "v1.0.0", {"app.go": text}, [("example.test/Helper", "v1.2.0")])
        policy = policy_text(up)
        desk.env["GOSUMDB"] = up.sums.key
        desk.write("go.mod", "module main.test/main\n\ngo 1.21\n")
        desk.write("main.go", 'package main\n\nimport _ "example.test/app"\n\nfunc main() {}\n')
        with _near(tmp_path, policy) as team:
            desk.set_up("go", url_of(team))
            done = desk.run("go", "mod", "tidy")
            assert done.code == 0, done.said
        up.add("example.test/later", "v1.0.0")  # the tree that is proved is not that of the lookups before
        command.policy(policy)
        warmed = command(str(desk.work / "go.sum"))
        assert warmed.returncode == 0, (warmed.stdout, warmed.stderr)
    assert command(str(desk.work / "go.sum"), "--offline").returncode == 0
    with _far(command, policy) as team:
        for number, with_sums in enumerate((True, False)):
            far = Desk.without_network(tmp_path / f"fardesk{number}")
            far.env["GOSUMDB"] = up.sums.key
            far.set_up("go", url_of(team))
            for name in ("go.mod", "main.go", *(("go.sum",) if with_sums else ())):
                shutil.copy(desk.work / name, far.work / name)
            done = far.run("go", "mod", "download") if with_sums else far.run("go", "mod", "tidy")
            assert done.code == 0, done.said
            assert far.run("go", "vet", ".").code == 0


def test_maven(desk: Desk, tmp_path: Path, command: Command) -> None:
    program("mvn")
    with MavenUpstream() as up:
        jvm.fill(up)
        policy = policy_text(up)
        command.policy(policy)
        names = desk.write(
            "list",
            "pkg:maven/org.test/app@1.0\npkg:maven/org.test/helper@1.0\n"
            "pkg:maven/org.codehaus.plexus/plexus-utils@1.1\n",
        )
        assert command(str(names)).returncode == 0
    with _far(command, policy) as team:
        far = Desk.without_network(tmp_path / "fardesk")
        far.set_up("maven", url_of(team))
        far.write("pom.xml", jvm.pom("app"))
        done = far.run("mvn", "-B", "validate")
        assert done.code == 0, done.said


def test_a_bill_of_materials_of_several_languages(
    pythons: Upstream, nodes: NpmUpstream, desk: Desk, command: Command
) -> None:
    command.policy(policy_text(pythons, nodes))
    components = [
        {"name": "x", "purl": purl} for purl in ("pkg:pypi/helper@1.0", "pkg:npm/helper@1.1.0", "pkg:deb/debian/x@1")
    ]
    bill = desk.write("bom.json", json.dumps({"bomFormat": "CycloneDX", "components": components}))
    told = command.data(str(bill))
    assert told["code"] == 0 and told["whole"] and told["came"]["files"] == 3
    assert "pkg:deb/debian/x@1" in told["notes"][0]
