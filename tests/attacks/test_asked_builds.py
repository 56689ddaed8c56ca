"""What the build of a project can do when it is asked what the project depends on: nothing but answer."""

from __future__ import annotations

import ast
import os
import subprocess
from typing import Any

import pytest

from support.backends import HOOKS, backend_wheel, in_tree, pyproject
from support.hostile import Canaries
from support.installation import ordinary_command
from support.ordinary import ordinary_argv
from support.registry import Upstream
from support.user import Done, User, alive, wait_for

pytestmark = pytest.mark.attack

SIX = "import six; print('six', six.__version__)"


def asked(user: User, upstream: Upstream, code: str, **more: Any) -> Done:
    """A run whose project has this code in its back end, and depends on six."""
    user.policy(upstream.url)
    user.write("pyproject.toml", in_tree())
    user.write("needs.in", "six==1.16.0\n")
    user.write("backend.py", f"{HOOKS}\n{code}\n")
    return user.python(SIX, **more)


def result(user: User, upstream: Upstream, code: str) -> Any:
    """The `RESULT` of code that runs in a back end."""
    done = asked(user, upstream, f"{code}\nraise SystemExit('RESULT ' + repr(RESULT))")
    assert (done.returncode, done.stdout) == (125, "")
    assert "RESULT " in done.stderr, done.stderr
    return ast.literal_eval(done.stderr.partition("RESULT ")[2].splitlines()[0])


def test_it_writes_to_memory_alone(user: User, upstream: Upstream) -> None:
    look = """
RESULT = []
for top, folders, _ in os.walk('/'):
    if top in ('/proc', '/usr/share', '/usr/lib') or top.startswith('/tmp/'): folders.clear()
    try: open(top + '/canary', 'w').close(); RESULT.append(top)
    except OSError: pass
"""
    found = result(user, upstream, look)
    assert "/tmp" in found
    assert {top for top in found if not top.startswith(("/tmp/", "/dev/shm"))} == {"/tmp"}
    assert os.listdir(user.state / "state/staging") == []


def test_it_sees_neither_the_workspace_nor_the_home_nor_variables(user: User, upstream: Upstream) -> None:
    user.write(user.home / ".ssh/id_canary", "canary")
    user.write(".env", "TOKEN=canary")
    user.write(".git/config", "canary")
    user.env["CANARY"] = "canary"
    try:
        look = f"""
RESULT = [path for path in ('/sandbox', {str(user.home)!r}, {str(user.work)!r}, {str(user.state)!r}, '.env', '.git')
          if os.path.lexists(path)] + [name for name in os.environ if name == 'CANARY']
"""
        assert result(user, upstream, look) == []
    finally:
        del user.env["CANARY"]


def test_it_reaches_nobody_not_even_the_gate(user: User, upstream: Upstream) -> None:
    canaries = Canaries(str(user.home))
    ways = [("127.0.0.1", canaries.tcp), ("127.0.0.1", 3128), ("127.0.0.1", 8080), ("192.0.2.1", 80)]
    look = f"""
import socket
RESULT = [name for name in os.environ if 'proxy' in name.lower()]
for address in {ways!r}:
    try: socket.create_connection(address, 1); RESULT.append(address)
    except OSError: pass
for path in ({canaries.abstract!r}, {canaries.path!r}):
    try: socket.socket(socket.AF_UNIX).connect(path); RESULT.append(path)
    except OSError: pass
"""
    upstream.requests.clear()
    assert result(user, upstream, look) == []
    assert canaries.heard == set()
    assert upstream.requests == []


def test_it_cannot_change_what_it_requires(user: User, upstream: Upstream) -> None:
    """The set is shared with everybody who has the same lock."""
    upstream.add(backend_wheel())
    user.policy(upstream.url)
    plant = """
import os
RESULT = [os.path.exists('/deps/jr_backend.py')]
for name in ('jr_backend.py', 'sitecustomize.py'):
    for act in (os.unlink, lambda path: open(path, 'w').write('TROJAN')):
        try: act('/deps/' + name); RESULT.append(name)
        except OSError: pass
raise SystemExit('RESULT ' + repr(RESULT))
"""
    text = pyproject(more='backend-path = ["."]\n').replace("'jr_backend'\n", "'backend'\n")
    user.write("pyproject.toml", text)
    user.write("backend.py", plant)
    done = user.python(SIX)
    assert "RESULT [True]" in done.stderr, done.stderr
    user.work = user.folder(user.root / "victim")
    user.write("pyproject.toml", pyproject())
    user.write("needs.in", "six==1.15.0")
    assert user.python(SIX).stdout == "six 1.15.0\n"


FORGED = {
    "a link": "os.symlink('/proc/self/environ', info + '/METADATA')",
    "a folder": "os.mkdir(info + '/METADATA')",
    "nothing": "pass",
    "a huge file": "open(info + '/METADATA', 'wb').truncate(1 << 34)",
    "no metadata": "open(info + '/METADATA', 'w').write('Requires-Dist: six\\n')",
    "a device": "os.symlink('/dev/zero', info + '/METADATA')",
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_it_leaves_for_metadata_is_read_as_such_or_not_at_all(user: User, upstream: Upstream, kind: str) -> None:
    forge = f"""
def _written(folder, lines):
    info = os.path.join(folder, 'x-1.dist-info')
    os.mkdir(info)
    {FORGED[kind]}
    return 'x-1.dist-info'
"""
    done = asked(user, upstream, forge)
    assert (done.returncode, done.stdout) == (125, "")
    assert "pyproject.toml:4" in done.stderr
    assert "Traceback" not in done.stderr.replace("jhansi-runner:   Traceback", "")
    assert str(user.state) not in done.stderr


FLOODS = {
    "an answer without end": "for _ in range(64): os.write(number, b'x' * (1 << 20))",
    "a deep answer": "os.write(number, b'[' * (7 << 20))",
    "another answer": "os.write(number, b'{\"metadata\": 1}'); os._exit(0)",
    "no answer": "os._exit(0)",
}


@pytest.mark.parametrize("kind", FLOODS)
def test_an_answer_that_it_forges_is_no_answer(user: User, upstream: Upstream, kind: str) -> None:
    forge = f"""
for number in range(3, 10):
    try: os.fstat(number)
    except OSError: continue
    try:
        {FLOODS[kind]}
    except OSError: pass
os._exit(0)
"""
    done = asked(user, upstream, forge)
    assert (done.returncode, done.stdout) == (125, "")
    assert "pyproject.toml:4: the project's build gave no answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_escapes_and_floods_on_its_way_do_not_reach_the_terminal(user: User, upstream: Upstream) -> None:
    flood = (
        "import sys\nfor _ in range(20000): sys.stderr.write('\\x1b[2J\\x07' + 'x' * 200 + '\\n')\nraise SystemExit(3)"
    )
    done = asked(user, upstream, flood)
    assert done.returncode == 125
    assert "\\x1b[2J" in done.stderr
    assert "\x1b" not in done.stderr
    assert len(done.stderr) < 1 << 15


STUCK = {
    "sleep": "time.sleep(60007)",
    "pipe": "os.mkfifo('/tmp/METADATA'); open('/tmp/METADATA').read()",
    "stubborn": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()",
}


@pytest.mark.parametrize("kind", STUCK)
def test_one_that_never_ends_is_ended(user: User, upstream: Upstream, kind: str) -> None:
    user.policy(upstream.url)
    user.write("pyproject.toml", in_tree())
    user.write("backend.py", f"import os, signal, time\n{STUCK[kind]}")
    user.write("main.py", SIX)
    hasty = (
        "from jhansi_runner.runner import asking, entry\n"  # as if its ten minutes were over
        "asking.SECONDS = 2.0\n"
        "entry.main()"
    )
    argv = [f"{os.path.dirname(ordinary_command())}/python3", "-I", "-c", hasty, "exec", "main.py"]
    done = subprocess.run(
        ordinary_argv(argv), cwd=user.work, env=user.env, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (125, "")
    assert "the project's build did not end within" in done.stderr, done.stderr
    wait_for(lambda: not alive("hooks.py"))


def test_nothing_that_it_starts_survives_it(user: User, upstream: Upstream) -> None:
    start = """
import subprocess
quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
for _ in range(3): subprocess.Popen(["setsid", "sleep", "60009"], **quiet)
"""
    assert asked(user, upstream, start).stdout == "six 1.16.0\n"
    wait_for(lambda: not alive("sleep\x0060009"))


@pytest.mark.parametrize(
    "need",
    ["evil @ file:///etc", "six\\n--index-url https://evil.test", "-r /etc/passwd", "evil @ git+https://evil.test/x"],
)
def test_what_it_asks_for_is_a_package_or_an_error(user: User, upstream: Upstream, need: str) -> None:
    forge = f"""
def get_requires_for_build_wheel(config_settings=None): return [{need!r}.replace('\\\\n', chr(10))]
"""
    upstream.requests.clear()
    done = asked(user, upstream, forge)
    assert (done.returncode, done.stdout) == (125, "")
    assert "pyproject.toml:4" in done.stderr
    assert upstream.requests == []


def test_a_link_in_the_project_shows_it_nothing_of_the_host(user: User, upstream: Upstream) -> None:
    secret = user.write(user.home / "secret.txt", "canary")
    (user.work / "needs.txt").symlink_to(secret)
    (user.work / "folder").symlink_to(secret.parent)
    assert result(user, upstream, "RESULT = [n for n in ('needs.txt', 'folder') if os.path.lexists(n)]") == []
