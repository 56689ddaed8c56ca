"""Files of `/proc` that belong to the host: what they tell, and what can be set with them."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hostile import in_run
from support.installation import ordinary_command
from support.ordinary import PYTHON, ordinary_argv
from support.user import PATH, User
from support.weakened import weakened

pytestmark = pytest.mark.attack

READ = """
RESULT = {}
for name in ('keys', 'key-users', 'cmdline', 'meminfo'):
    try: RESULT[name] = open('/proc/' + name).read()
    except OSError: RESULT[name] = None
"""
WITH_A_KEY = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
add_key, keyctl = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
libc.syscall.restype = ctypes.c_long
arguments = [b'user', b'jr-canary-key', b'secret', ctypes.c_size_t(6), ctypes.c_long(-4)]  # the user's own keyring
made = libc.syscall(ctypes.c_long(add_key), *arguments)
if made < 0: sys.exit('no key can be made here')
os.system(sys.argv[1])
libc.syscall(ctypes.c_long(keyctl), ctypes.c_long(9), ctypes.c_long(made), ctypes.c_long(-4))
"""


def with_a_key(user: User, command: str) -> str:
    """What a command of the user's prints while they have a key in their keyring."""
    argv = ordinary_argv([PYTHON, "-c", WITH_A_KEY, command])
    done = subprocess.run(argv, cwd=user.work, env=user.env, capture_output=True, text=True, check=True)
    if "no key can be made" in done.stderr:
        pytest.skip(done.stderr)
    return done.stdout


def test_the_names_of_the_users_keys_and_the_hosts_boot_parameters_are_hidden(user: User) -> None:
    user.write("main.py", f"{READ}\nimport json; print(json.dumps(RESULT))")
    seen = with_a_key(user, "cat /proc/keys /proc/key-users /proc/cmdline")
    assert "jr-canary-key" in seen, "this shows nothing"
    with weakened(user, *(("--ro-bind", "/dev/null", f"/proc/{name}") for name in ("keys", "key-users", "cmdline"))):
        user.write("run.sh", f"{' '.join(user.command)} exec main.py", 0o755)
        found = json.loads(with_a_key(user, "sh run.sh"))
    assert "jr-canary-key" in found["keys"], "they are not to be seen inside anyway: this shows nothing"
    assert found["cmdline"] == Path("/proc/cmdline").read_text()
    found = json.loads(with_a_key(user, f"{user.command[0]} exec main.py"))
    assert "MemTotal" in found.pop("meminfo")
    assert found == {"keys": None, "key-users": None, "cmdline": None}


WRITABLE = """
import os
RESULT = []
for top, folders, names in os.walk('/proc'):
    if top == '/proc': folders[:] = [name for name in folders if not name.isdigit()] + [str(os.getpid())]
    folders[:] = [name for name in folders if name not in ('task', 'map_files', 'fd', 'self', 'thread-self')]
    for name in names:
        if os.path.islink(f'{top}/{name}'): continue
        try: os.close(os.open(f'{top}/{name}', os.O_WRONLY | os.O_NONBLOCK)); RESULT.append(f'{top}/{name}')
        except OSError: pass
"""
READ_ONLY = ("--remount-ro", "/proc")


def test_nothing_in_it_can_be_written(user: User) -> None:
    """The settings of its own IPC namespace among them: a program that raises them has no limit on segments."""
    with weakened(user, READ_ONLY):
        assert {"/proc/sys/kernel/msgmni", "/proc/sys/kernel/shmmni"} <= set(in_run(user, WRITABLE)), (
            "this shows nothing"
        )
    assert in_run(user, WRITABLE) == []


def test_nor_can_it_in_the_gates_cell(user: User) -> None:
    """The gate faces hostile bytes: what a fault of it could write there is as little."""
    from jhansi_runner.proxy.service.gate_cell import arguments

    given = " ".join(arguments(str(user.folder("authority"))))
    assert "--tmpfs /proc/1 --remount-ro /proc/1 --remount-ro /proc " in given[given.index("--proc /proc ") :]


@pytest.fixture
def roots() -> Iterator[Path]:
    """A workspace of root's own."""
    if os.geteuid() != 0:
        pytest.skip("it is about what root may do")
    with tempfile.TemporaryDirectory(prefix="roots-", dir="/tmp") as folder:
        work = Path(folder, "work")
        work.mkdir()
        yield work


def as_root(work: Path, code: str, *words: str) -> list[str]:
    """The `RESULT` of a program in a sandbox that root starts; `words` start it in another way than the product's."""
    (work / "main.py").write_text(f"{code}\nimport json; print(json.dumps(RESULT))")
    argv = [*words, "/usr/bin/python3", "main.py"] if words else [ordinary_command(), "exec", "main.py"]
    env = {"PATH": PATH, "HOME": "/root", "JHANSI_HOME": str(work.parent / "state"), "JHANSI_PROXY_IDLE": "5"}
    done = subprocess.run(argv, cwd=work, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done
    return list(json.loads(done.stdout))


BARE = """bwrap --unshare-all --unshare-user --disable-userns --cap-drop ALL --uid 1000 --gid 1000 --new-session
--ro-bind / / --proc /proc --dev /dev"""


def test_a_program_of_roots_sets_nothing_of_the_hosts(roots: Path) -> None:
    """To root's own user id, with no capability at all, bubblewrap alone leaves the settings of the kernel open.

    What is in `core_pattern` the host runs as root when any process crashes.
    """
    core = "/proc/sys/kernel/core_pattern"
    assert core in as_root(roots, WRITABLE, *BARE.split()), "this shows nothing"
    assert as_root(roots, WRITABLE) == []


def test_a_program_of_roots_reads_no_more_of_the_host_than_anybody(roots: Path) -> None:
    look = """
import os
RESULT = []
for name in os.listdir('/proc'):
    if os.path.isfile('/proc/' + name) and not os.stat('/proc/' + name).st_mode & 0o004:
        try: open('/proc/' + name, 'rb').read(1); RESULT.append(name)
        except OSError: pass
"""
    assert as_root(roots, look, *BARE.split()), "this shows nothing"
    assert as_root(roots, look) == []


SPOIL = """
import os
RESULT = []
mode = os.stat('/usr/bin/bwrap').st_mode & 0o777
for name in ('/proc/1/exe', '/proc/1/task/1/exe', '/proc/self/exe', '/usr/bin/bwrap'):
    try: os.chmod(name, mode); RESULT.append(name)  # to what it is
    except OSError: pass
"""


def test_a_program_of_roots_does_not_reach_the_hosts_bubblewrap(roots: Path) -> None:
    """`exe` of PID 1 leads to the host's own file, past every mount of ours: with mode 777 anybody could replace it."""
    assert "/proc/1/exe" in as_root(roots, SPOIL, *BARE.split()), "this shows nothing"
    assert as_root(roots, SPOIL) == []


MODES = """
import os
RESULT = []
for name in ('null', 'zero', 'full', 'random', 'urandom', 'tty'):
    try: os.chmod('/dev/' + name, 0o600 if OURS else os.stat('/dev/' + name).st_mode & 0o777); RESULT.append(name)
    except OSError: pass
"""


def test_a_program_of_roots_does_not_reach_the_modes_of_the_hosts_devices(roots: Path) -> None:
    """Without `/dev/null` nothing of a host works. What it can change are nodes that sandboxes alone are shown."""
    nodes = [Path("/dev", name) for name in ("null", "zero", "full", "random", "urandom", "tty")]
    before = [node.stat().st_mode for node in nodes]
    assert as_root(roots, f"OURS = False{MODES}", *BARE.split()), "this shows nothing"
    for _ in range(2):  # the second finds what the first left
        assert len(as_root(roots, f"OURS = True{MODES}")) == len(nodes)
        assert [node.stat().st_mode for node in nodes] == before
    works = "[open('/dev/null', 'w').write('x'), open('/dev/zero').read(1), len(open('/dev/urandom', 'rb').read(3))]"
    assert as_root(roots, f"RESULT = {works}") == [1, "\0", 3]
