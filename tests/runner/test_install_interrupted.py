"""Whatever is killed at whatever moment of a first install: the next run works, and the cache verifies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from support.registry import Fault, Upstream
from support.user import User, alive, wait_for
from support.wheels import make_wheel

MAIN = "import jr_big; print(jr_big.__version__)"
WHEEL = make_wheel("jr-big", "1.0", size_padding=24 << 20)


@pytest.fixture
def big() -> Iterator[Upstream]:
    """An index whose one package takes a moment to arrive."""
    with Upstream() as index:
        index.add(WHEEL)
        yield index


def prepare(user: User, index: Upstream) -> None:
    user.policy(index.url)
    user.write("main.py", MAIN)
    user.write("requirements.txt", "jr-big\n")


def assert_verifies(user: User) -> None:
    """Every artifact in the cache is what its name says."""
    kept = user.state / "cache/sha256"
    names = [path.name for path in kept.rglob("*") if path.is_file()]
    assert all(ArtifactFiles(str(user.state / "cache")).verify(name) for name in names)


def assert_recovers(user: User) -> None:
    assert_verifies(user)
    done = user.exec("main.py")
    assert (done.stdout, done.returncode) == ("1.0\n", 0), done.stderr
    assert_verifies(user)
    sets = os.listdir(user.state / "state/sets")
    assert len(sets) == 1
    assert os.path.getsize(user.state / f"state/sets/{sets[0]}/site/jr_big_padding.bin") == 24 << 20
    assert user.exec("main.py").stderr == ""


def incoming(user: User) -> list[str]:
    try:
        return os.listdir(user.state / "cache/incoming")
    except FileNotFoundError:
        return []


def slow(index: Upstream) -> None:
    """The file comes at a third of it a second."""
    index.fault(lambda request: request.path.endswith(".whl"), Fault.trickle(8 << 20))


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.6, 0.9, 1.2, 1.5, 2.0, 3.0])
def test_the_runner_is_killed(new_user: User, big: Upstream, seconds: float) -> None:
    prepare(new_user, big)
    slow(big)
    process = new_user.start("main.py")
    time.sleep(seconds)
    process.kill()
    process.communicate()
    wait_for(lambda: not alive("/tools/uv"))
    big.heal()
    assert_recovers(new_user)


@pytest.mark.parametrize("bytes_", [0, 1 << 20])
def test_the_proxy_is_killed(new_user: User, big: Upstream, bytes_: int) -> None:
    prepare(new_user, big)
    hang = big.fault(lambda request: request.path.endswith(".whl"), Fault.hang(after=bytes_), times=1)
    process = new_user.start("main.py")
    wait_for(lambda: big.count(lambda request: request.path.endswith(".whl")))
    for pid in new_user.proxies():
        os.kill(pid, signal.SIGKILL)
    hang.release.set()
    process.communicate(timeout=120)
    assert process.returncode in (0, 125)
    assert_recovers(new_user)
    assert len(new_user.proxies()) <= 1


def test_the_upstream_is_killed(new_user: User, big: Upstream) -> None:
    prepare(new_user, big)
    slow(big)
    process = new_user.start("main.py")
    wait_for(lambda: big.count(lambda request: request.path.endswith(".whl")))
    big.stop()
    big.heal()
    time.sleep(0.5)
    big.start()  # the installer tries again, and finds it or not
    process.communicate(timeout=120)
    assert process.returncode in (0, 125)
    assert_recovers(new_user)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_install_that_the_user_stops_says_so_and_cleans_up(new_user: User, big: Upstream, number: int) -> None:
    prepare(new_user, big)
    big.fault(lambda request: request.path.endswith(".whl"), Fault.hang(after=1 << 20))
    process = new_user.start("main.py")
    wait_for(lambda: big.count(lambda request: request.path.endswith(".whl")))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + number, b""), err
    assert b"source distributions" not in err
    assert os.listdir(new_user.state / "state/staging") == []
    wait_for(lambda: not alive("/tools/uv"))
    big.heal()
    assert_recovers(new_user)


def test_what_a_killed_runner_left_in_staging_goes_away(new_user: User, big: Upstream) -> None:
    prepare(new_user, big)
    big.fault(lambda request: request.path.endswith(".whl"), Fault.hang(after=1 << 20))
    process = new_user.start("main.py")
    wait_for(lambda: big.count(lambda request: request.path.endswith(".whl")))
    process.kill()
    process.communicate()
    staging = new_user.state / "state/staging"
    assert os.listdir(staging)
    wait_for(lambda: not alive("/tools/uv"))
    big.heal()
    assert_recovers(new_user)
    assert os.listdir(staging) == []


FAULTS = {
    "wrong-hash": Fault.corrupt(1 << 20),
    "too-few": Fault.short(1 << 20),
    "too-many": Fault.long(7),
    "no-answer": Fault.no_answer(),
    "status-500": Fault.status(500),
    "empty": Fault.empty(),
}


def test_an_upstream_that_sends_something_else_is_reported_and_nothing_of_it_is_kept(
    new_user: User, big: Upstream
) -> None:
    wheels = {name: make_wheel(f"jr-{name}", "1.0", size_padding=2 << 20) for name in FAULTS}
    runs = {}
    new_user.policy(big.url)
    for name, wheel in wheels.items():
        big.fault(big.add(wheel).path, FAULTS[name])
        new_user.work = new_user.folder(new_user.root / name)
        new_user.write("requirements.txt", f"jr-{name}\n")
        new_user.write("main.py", "print('ran')")
        runs[name] = new_user.start("main.py")  # at once, because the installer waits before it tries again
    for name, run in runs.items():
        out, err = run.communicate(timeout=100)
        assert (run.returncode, out) == (125, b""), (name, err)
        assert f"jr_{name.replace('-', '_')}".encode() in err.replace(b"-", b"_"), (name, err)
        assert not ArtifactFiles(str(new_user.state / "cache")).has(wheels[name].sha256), name
    wait_for(lambda: not incoming(new_user))
    assert_verifies(new_user)
    big.heal()
    for name in FAULTS:
        assert new_user.exec("main.py", cwd=new_user.root / name).stdout == "ran\n"


def test_a_full_disk_is_one_clear_error_and_leaves_no_half_install(new_user: User, big: Upstream) -> None:
    prepare(new_user, big)
    mounted = (
        f"mount -t tmpfs -o size=40m none {new_user.state} && cp {new_user.root}/policy.yaml {new_user.state}/ && "
        "$JR exec main.py; code=$?; ls -A $JHANSI_HOME/state/staging $JHANSI_HOME/cache/incoming; "
        "ls $JHANSI_HOME/state/sets 2>/dev/null | wc -l; exit $code"
    )
    new_user.write(new_user.root / "policy.yaml", (new_user.state / "policy.yaml").read_text())
    new_user.write(new_user.root / "full.sh", mounted)
    new_user.env["JHANSI_PROXY_IDLE"] = "1"
    done = new_user.shell(f"export JR; unshare -Urm bash {new_user.root}/full.sh", timeout=100)
    assert done.returncode == 125, done
    assert "No space left" in done.stderr or "disk is full" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    listing = done.stdout.split()
    assert [word for word in listing if not word.startswith("/")] == ["0"], done.stdout
