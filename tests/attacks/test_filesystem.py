"""What can be written from inside: the workspace, small temporary folders, and nothing else."""

from __future__ import annotations

import os

import pytest

from support.hostile import in_run
from support.registry import Upstream
from support.user import User

pytestmark = pytest.mark.attack

PROTECTED = (
    ".git", ".envrc", ".vscode", ".github", ".venv", ".bashrc", ".npmrc", ".claude", ".gitmodules", ".githooks",
    ".yarn", ".jj",
)  # fmt: skip


def test_only_the_workspace_and_the_temporary_folders_can_be_written(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("requirements.txt", "six\n")
    look = """
import os
RESULT = []
for top, _, _ in os.walk('/'):
    if top.startswith(('/proc/', '/sys/')): continue
    try:
        open(top + '/canary', 'w').close(); RESULT.append(top)
    except OSError: pass
"""
    found = set(in_run(user, look))
    places = {"/sandbox", "/tmp", "/tmp/home", "/dev/shm"}
    assert found - places - {"/sandbox/__pycache__"} == set()
    assert places <= found
    assert (user.work / "canary").exists()


def test_dependencies_cannot_be_changed(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    attack = """
import os, six
RESULT = []
for name, action in {
    'write': lambda: open('/deps/six/__init__.py', 'a'), 'replace': lambda: os.rename('/sandbox/x', '/deps/six'),
    'unlink': lambda: os.unlink('/deps/six/__init__.py'), 'add': lambda: open('/deps/new.py', 'w'),
    'rename': lambda: os.rename('/deps', '/old'), 'chmod': lambda: os.chmod('/deps/six/__init__.py', 0o777),
    'via fd': lambda: os.open('/proc/self/fd/%d' % os.open('/deps/six/__init__.py', os.O_RDONLY), os.O_RDWR),
    'utime': lambda: os.utime('/deps/six/__init__.py'), 'link': lambda: os.link('/deps/six/__init__.py', '/sandbox/l'),
}.items():
    try: action(); RESULT.append(name)
    except OSError: pass
"""
    assert in_run(user, attack) == []
    kept = next((user.state / "state/sets").glob("*/site/six/__init__.py"))
    assert kept.read_text() == '__version__ = "1.16.0"\n'


@pytest.mark.parametrize("name", PROTECTED)
def test_what_tools_of_the_host_obey_is_read_only(user: User, name: str) -> None:
    user.write(f"{name}/hooks/pre-commit", "original")
    attack = f"""
import os, shutil
for action in (
    lambda: open('/sandbox/{name}/hooks/pre-commit', 'w').write('trojan'), lambda: open('/sandbox/{name}/new', 'w'),
    lambda: os.rename('/sandbox/{name}', '/sandbox/moved'), lambda: shutil.rmtree('/sandbox/{name}'),
    lambda: os.rename('/sandbox/{name}/hooks', '/sandbox/hooks'), lambda: os.symlink('/etc', '/sandbox/{name}/link'),
):
    try: action()
    except OSError: pass
RESULT = open('/sandbox/{name}/hooks/pre-commit').read()
"""
    assert in_run(user, attack) == "original"
    assert (user.work / name / "hooks/pre-commit").read_text() == "original"
    assert sorted(os.listdir(user.work)) == sorted([name, "attack.py"])


@pytest.mark.parametrize("how", ["os.mkdir('.git')", "open('.envrc', 'w').write('x')", "os.symlink('evil', '.envrc')",
                                 "os.symlink('/tmp', '.git')", "os.mkdir('d'); os.rename('d', '.vscode')"])  # fmt: skip
def test_what_tools_of_the_host_obey_is_reported_when_it_appears(user: User, how: str) -> None:
    done = user.python(f"import os; {how}")
    assert "warning" in done.stderr
    (name,) = (name for name in (".git", ".envrc", ".vscode") if name in how)
    assert name in done.stderr
    assert user.exec("main.py").stderr.count("warning") == 0, "it is told once"
    user.shell("rm -rf .git .envrc .vscode d")
    assert user.exec_json("main.py")["planted"] == [name]


def test_a_link_that_leads_elsewhere_afterwards_is_reported(user: User) -> None:
    (user.work / ".envrc").symlink_to("mine")
    done = user.python("import os; os.unlink('.envrc'); os.symlink('/tmp/evil', '.envrc')")
    assert ".envrc" in done.stderr


def test_memory_that_looks_like_a_disk_has_an_end(user: User) -> None:
    look = """
import os
RESULT = {}
for top in ('/tmp', '/dev/shm', '/dev', '/'):
    found = os.statvfs(top)
    RESULT[top] = [found.f_blocks * found.f_frsize, bool(found.f_flag & os.ST_RDONLY)]
    try:
        os.posix_fallocate(os.open(top + '/big', os.O_CREAT | os.O_RDWR), 0, 3 << 30); RESULT[top].append('filled')
    except OSError: RESULT[top].append('refused')
"""
    found = in_run(user, look)
    assert found["/tmp"][:2] == [2 << 30, False]
    assert found["/dev/shm"][:2] == [1 << 30, False]
    assert found["/dev"][1]
    assert found["/"][1]
    assert {row[2] for row in found.values()} == {"refused"}


def test_devices_are_the_harmless_ones(user: User) -> None:
    allowed = {"full", "null", "random", "tty", "urandom", "zero", "console", "ptmx", "pts", "shm", "fd", "core",
               "stdin", "stdout", "stderr"}  # fmt: skip
    assert set(in_run(user, "import os; RESULT = os.listdir('/dev')")) <= allowed


@pytest.mark.parametrize("name", ["main.py", "package/main.py"])
def test_a_program_that_is_a_link_out_of_the_workspace_is_not_followed(user: User, name: str) -> None:
    secret = user.write(user.home / "private/main.py", "print('canary', open(__file__).read())\n")
    if "/" in name:
        (user.work / "package").symlink_to(secret.parent)
    else:
        (user.work / name).symlink_to(secret)
    assert "canary" in (user.work / name).read_text()
    done = user.exec(name)
    assert done.returncode in (125, 127)
    assert "canary" not in done.stdout + done.stderr


def test_namespaces_mounts_and_the_terminal_are_out_of_reach(user: User) -> None:
    attack = """
import ctypes, errno, fcntl, os, subprocess
libc = ctypes.CDLL(None, use_errno=True)
RESULT = []
def attempt(name, value):
    if value == 0: RESULT.append(name)
for name, flag in {'user': 0x10000000, 'mount': 0x20000, 'net': 0x40000000, 'pid': 0x20000000}.items():
    attempt('unshare ' + name, libc.unshare(flag))
attempt('mount', libc.mount(b'none', b'/tmp', b'tmpfs', 0, None))
attempt('remount', libc.mount(b'none', b'/usr', None, 4096 | 32, None))
attempt('umount', libc.umount2(b'/deps', 2))
attempt('chroot', libc.chroot(b'/tmp'))
attempt('sethostname', libc.sethostname(b'x', 1))
attempt('setuid', libc.setuid(0))
for name in ('tty', 'console', 'ptmx'):
    try:
        fd = os.open('/dev/' + name, os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(fd, 0x5412, b'x'); RESULT.append('TIOCSTI ' + name)
    except OSError: pass
for fd in (0, 1, 2):
    try: fcntl.ioctl(fd, 0x5412, b'x'); RESULT.append('TIOCSTI %d' % fd)
    except OSError: pass
done = subprocess.run(['unshare', '-Ur', 'true'], capture_output=True)
attempt('unshare(1)', done.returncode)
with open('/proc/self/status') as status:
    RESULT += [line for line in status if line.startswith('CapEff') and int(line.split()[1], 16)]
    status.seek(0)
    RESULT += [line for line in status if line.startswith('NoNewPrivs') and line.split()[1] != '1']
"""
    assert in_run(user, attack) == []


def test_a_terminal_of_the_users_is_not_the_programs(user: User) -> None:
    source = "import os, sys; print([os.isatty(fd) for fd in (0, 1, 2)], os.path.exists('/proc/self/fd/9'))"
    user.write("main.py", source + "\ntry: open('/dev/tty'); print('tty')\nexcept OSError: print('none')")
    done = user.shell('script -qec "$JR exec main.py" /dev/null')
    assert "[False, False, False] False" in done.stdout
    assert "none" in done.stdout


def test_a_bare_repository_that_a_program_lays_out_is_reported(user: User) -> None:
    user.folder("refs")
    made = user.python("import os; os.mkdir('objects'); open('HEAD', 'w').close()")
    assert made.returncode == 0
    assert "warning: the program made or changed HEAD and objects and refs" in made.stderr
    assert "warning" not in user.python("print()").stderr, "what was there before was not made now"
