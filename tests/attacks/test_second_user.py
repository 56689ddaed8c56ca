"""Another user of the same host: what they can do to somebody's proxy, state and sandboxes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.installation import ordinary_command
from support.ordinary import ORDINARY_UID, PYTHON, as_ordinary
from support.user import PATH, User, environ, processes

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif("__import__('os').geteuid() != 0", reason="it takes two users, and only root can be both"),
]

OTHER, VICTIM = 61235, 61236


def as_user(uid: int, argv: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
    identity = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all", "--"]
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60, "check": False, **more}
    return subprocess.run(["setpriv", *identity, *argv], **options)


@pytest.fixture
def busy(user: User) -> Iterator[dict[str, int]]:
    """The processes of a user whose program waits, with a proxy that serves it."""
    user.root.chmod(0o755)  # others may pass through, as they may through most homes
    source = "import urllib.request as u\ntry: u.urlopen('https://canary.test/')\nexcept OSError: pass\n"
    user.write("main.py", f"{source}print('ready', flush=True)\nimport time; time.sleep(60)")
    run = user.begun("main.py")
    marked = {pid: command for pid, command in processes() if f"JHANSI_HOME={user.state}".encode() in environ(pid)}
    programs = [pid for pid, command in processes() if command == b"/usr/bin/python3.11\0main.py\0"]
    program = next((pid for pid in programs if _owner(pid) == ORDINARY_UID), run.pid)
    service = next(pid for pid, command in marked.items() if b"proxy.service.main" in command)
    yield {"runner": run.pid, "service": service, "program": program}
    run.kill()
    run.communicate()


def _owner(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1


ATTACK = """
import ctypes, glob, json, os, socket, sys
STATE, PIDS = json.loads(sys.argv[1])
RESULT = []
def attempt(name, action):
    try:
        if action() is not False: RESULT.append(name)
    except OSError: pass
def connect(path):
    endpoint = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    endpoint.connect(path)
    endpoint.settimeout(5)
    return bool(endpoint.recv(100))
for name in ('', 'state', 'cache', 'run', 'state/authority', 'state/ledger', 'state/tickets', 'state/runs'):
    attempt('list ' + name, lambda: os.listdir(f'{STATE}/{name}'))
    attempt('write ' + name, lambda: os.close(os.open(f'{STATE}/{name}/canary', os.O_CREAT | os.O_WRONLY)))
for path in ('state/authority/jhansi-runner-ca.pem', 'policy.yaml', 'state/runs/journal', 'cache/index/cache.db'):
    attempt('read ' + path, lambda: open(f'{STATE}/{path}', 'rb').read(1))
    attempt('change ' + path, lambda: open(f'{STATE}/{path}', 'ab').close())
for path in json.loads(sys.argv[2]): attempt('connect', lambda: connect(path))
libc = ctypes.CDLL(None, use_errno=True)
for name, pid in PIDS.items():
    attempt('signal ' + name, lambda: os.kill(pid, 0))
    attempt('trace ' + name, lambda: libc.ptrace(0x4206, pid, 0, 0) == 0 and libc.ptrace(17, pid, 0, 0) == 0)
    for file in ('environ', 'mem', 'maps', 'ns/net', 'root/sandbox', 'cwd/main.py', 'fd/0', 'fdinfo/0'):
        attempt(f'open {file} of {name}', lambda: os.close(os.open(f'/proc/{pid}/{file}', os.O_RDONLY)))
print(json.dumps(RESULT))
"""


def test_they_reach_neither_the_state_nor_the_proxy_nor_the_program(user: User, busy: dict[str, int]) -> None:
    sockets = [str(path) for path in (user.state / "run").glob("*.sock")]
    assert sockets
    argv = [PYTHON, "-c", ATTACK, json.dumps((str(user.state), busy)), json.dumps(sockets)]
    own = set(json.loads(as_ordinary(argv, cwd="/").stdout))
    assert own >= {"list state", "connect", "read state/authority/jhansi-runner-ca.pem", "open environ of service",
                   "open root/sandbox of program", "signal program"}, "this shows nothing"  # fmt: skip
    assert json.loads(as_user(OTHER, argv, cwd="/").stdout) == []


def test_a_socket_that_others_can_reach_tells_them_nothing(user: User, busy: dict[str, int]) -> None:
    """The service asks the kernel who is at the other end: it does not rely on the folder alone."""
    assert busy
    for path in (user.state, user.state / "run", *(user.state / "run").glob("*.sock")):
        path.chmod(0o777)
    try:
        sockets = json.dumps([str(path) for path in (user.state / "run").glob("*.sock")])
        argv = [PYTHON, "-c", ATTACK, json.dumps((str(user.state), {})), sockets]
        assert "connect" in json.loads(as_ordinary(argv, cwd="/").stdout), "this shows nothing"
        assert "connect" not in json.loads(as_user(OTHER, argv, cwd="/").stdout)
    finally:
        user.state.chmod(0o700)
        (user.state / "run").chmod(0o700)


@pytest.fixture
def victim() -> Iterator[Path]:
    """The home of a user without a runtime folder of their own: theirs is in `/tmp`, which everybody can write to."""
    root = Path(f"/tmp/jr-victim-{os.getpid()}")
    (root / "work").mkdir(parents=True)
    (root / "work/main.py").write_text("import urllib.request\nprint(urllib.request.urlopen('https://canary.test/'))")
    (root / "work/plain.py").write_text("print('ran')")
    subprocess.run(["chown", "-R", f"{VICTIM}:{VICTIM}", root], check=True)
    yield root
    shutil.rmtree(root)
    for path in (RUNTIME, THEIRS):
        shutil.rmtree(path, ignore_errors=True)
        if path.is_symlink() or path.exists():
            path.unlink()


RUNTIME, THEIRS = Path(f"/tmp/jhansi-runner-{VICTIM}"), Path(f"/tmp/jr-theirs-{OTHER}")


def a_folder() -> None:
    RUNTIME.mkdir(mode=0o777)
    os.chown(RUNTIME, OTHER, OTHER)


def a_link_to_their_own() -> None:
    THEIRS.mkdir(mode=0o777)
    os.chown(THEIRS, OTHER, OTHER)
    RUNTIME.symlink_to(THEIRS)
    os.chown(RUNTIME, OTHER, OTHER, follow_symlinks=False)


def a_link_to_the_victims() -> None:
    THEIRS.mkdir(mode=0o700)
    os.chown(THEIRS, VICTIM, VICTIM)
    RUNTIME.symlink_to(THEIRS)
    os.chown(RUNTIME, OTHER, OTHER, follow_symlinks=False)


def a_file() -> None:
    RUNTIME.write_text("")
    os.chown(RUNTIME, OTHER, OTHER)


SQUATS = [a_folder, a_link_to_their_own, a_link_to_the_victims, a_file]


@pytest.mark.parametrize("squat", SQUATS, ids=lambda each: each.__name__)
def test_a_runtime_folder_that_they_made_first_is_not_used(victim: Path, squat: Callable[[], None]) -> None:
    env = {"HOME": str(victim), "PATH": PATH, "JHANSI_PROXY_IDLE": "1"}
    squat()
    plain = as_user(VICTIM, [ordinary_command(), "exec", "plain.py"], cwd=victim / "work", env=env)
    assert (plain.returncode, plain.stdout) == (0, "ran\n"), "what needs no proxy does not look at it"
    done = as_user(VICTIM, [ordinary_command(), "exec", "main.py"], cwd=victim / "work", env=env)
    assert done.returncode != 0
    assert str(RUNTIME) in done.stderr
    assert "belongs to user" in done.stderr or "is not a folder" in done.stderr
    assert not [path for folder in (RUNTIME, THEIRS) if folder.is_dir() for path in folder.iterdir()]
    elsewhere = env | {"JHANSI_HOME": str(victim / "own")}
    mended = as_user(VICTIM, [ordinary_command(), "exec", "main.py"], cwd=victim / "work", env=elsewhere)
    assert "403" in mended.stderr, "with a folder of their own they reach the gate"
