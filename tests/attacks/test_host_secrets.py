"""Secrets of the host, planted first: none of them can be seen from a program or from a build."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from support.hostile import in_build, in_run
from support.ordinary import PYTHON, ordinary_argv
from support.registry import Upstream
from support.user import User

pytestmark = pytest.mark.attack

CANARY = "jr-canary-secret"
KEYS = (".aws/credentials", ".ssh/id_test", ".netrc", ".kube/config", ".docker/config.json", ".config/gcloud/key",
        ".gnupg/secring", ".bash_history", ".pypirc", ".git-credentials")  # fmt: skip

SEARCH = """
import os
CANARY, PLACES = %s
def content(path):
    try:
        with open(path, 'rb') as file: return file.read(1 << 20)
    except OSError: return b''
RESULT = [path for path in PLACES if os.path.lexists(path)]
for top in ('/proc/self', '/proc/1', '/proc/thread-self'):
    for name in ('environ', 'cmdline', 'auxv', 'maps', 'comm', 'status'):
        if CANARY.encode() in content(f'{top}/{name}'): RESULT.append(f'{top}/{name}')
RESULT += [f'variable {name}' for name, value in os.environ.items() if CANARY in name + value]
for top in ('/etc', '/tmp', '/dev', '/run', '/var', '/home', '/root', '/opt', '/srv', '/mnt', os.path.expanduser('~')):
    for folder, _, names in os.walk(top):
        RESULT += [f'{folder}/{name}' for name in names
                   if not os.path.islink(f'{folder}/{name}') and os.path.isfile(f'{folder}/{name}')
                   and CANARY.encode() in content(f'{folder}/{name}')]
"""


def plant(user: User) -> list[str]:
    """Secrets in the user's home and environment; where they are."""
    user.env |= {f"{CANARY.upper().replace('-', '_')}": CANARY, "AWS_SECRET_ACCESS_KEY": CANARY}
    user.env["SSH_AUTH_SOCK"] = f"/run/{CANARY}/agent"
    planted = [user.write(user.home / name, CANARY) for name in KEYS]
    assert all(path.read_text() == CANARY for path in planted)
    return [str(path) for path in planted] + [str(user.home), str(user.state), str(user.root)]


def test_a_program_sees_neither_files_nor_variables_of_the_host(user: User) -> None:
    places = plant(user)
    found = in_run(user, SEARCH % repr((CANARY, places)))
    assert found == []
    given = in_run(user, SEARCH % repr((CANARY, places)), "--env", "AWS_SECRET_ACCESS_KEY")
    assert "variable AWS_SECRET_ACCESS_KEY" in given, "the search finds nothing: this shows nothing"


def test_a_build_sees_neither_files_nor_variables_nor_the_workspace(user: User, upstream: Upstream) -> None:
    places = plant(user)
    user.write("secret.txt", CANARY)
    places += ["/sandbox", str(user.work)]
    assert in_build(user, upstream, SEARCH % repr((CANARY, places)), "search_sdist") == []


def test_accounts_host_name_and_user_are_made_up(user: User) -> None:
    look = """
import os, socket, pwd
def content(path):
    try: return open(path).read()
    except OSError as error: return ''
RESULT = [socket.gethostname(), os.getuid(), os.getgid(), os.getgroups(), pwd.getpwuid(os.getuid()).pw_name,
    content('/etc/shadow'), content('/etc/passwd'), content('/etc/hostname'), content('/etc/machine-id'),
    content('/etc/resolv.conf'), content('/proc/sys/kernel/hostname').strip()]
"""
    name, uid, gid, groups, login, shadow, passwd, *rest = in_run(user, look)
    assert (name, uid, gid, login, shadow) == ("sandbox", 1000, 1000, "sandbox", "")
    assert name != socket.gethostname()
    assert set(groups) <= {1000, 65534}
    assert passwd != Path("/etc/passwd").read_text()
    assert rest == ["sandbox\n", "", "", "sandbox"]


def test_an_inherited_descriptor_does_not_come_along(user: User) -> None:
    secret = user.write(user.home / "inherited", CANARY)
    look = """
import os
RESULT = {}
for pid in ('self', '1'):
    try: names = os.listdir(f'/proc/{pid}/fd')
    except OSError: continue
    for name in names:
        try: RESULT[f'{pid} {name}'] = os.readlink(f'/proc/{pid}/fd/{name}')
        except OSError: pass
for number in range(3, 64):
    try: RESULT['read %d' % number] = os.pread(number, 64, 0).decode('latin-1')
    except OSError: pass
import json; print(json.dumps(RESULT))
"""
    user.write("main.py", look)
    line = f"exec 9< {secret} 8<> {secret}; cat <&9 >&2; $JR exec main.py"
    done = user.shell(line)
    assert CANARY in done.stderr, "descriptor 9 was not open"
    found = done.stdout
    assert CANARY not in found
    assert "inherited" not in found
    opened = {key: value for key, value in json.loads(found).items() if key.startswith("self ")}
    assert set(opened) <= {"self 0", "self 1", "self 2", "self 3"}, opened  # 3 lists the folder
    assert all(value.startswith(("pipe:", "/dev/null", "/proc/")) for value in opened.values()), opened


def test_our_own_state_cache_socket_and_key_are_not_reachable(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    assert user.python("import six").returncode == 0
    keys = [path for path in user.state.rglob("*.pem") if b"PRIVATE KEY" in path.read_bytes()]
    assert keys, "there is no key: this shows nothing"
    secret = keys[0].read_bytes().partition(b"PRIVATE KEY-----\n")[2].splitlines()[1]
    look = f"""
import os
RESULT = [path for path in {[str(path) for path in [*keys, *user.state.glob("*"), *user.state.glob("run/*")]]!r}
    if os.path.lexists(path)]
for top in ('/etc', '/tmp', '/dev', '/run', '/var', '/sandbox', '/deps', '/usr/local', '/proc/self', '/proc/1'):
    for folder, _, names in os.walk(top):
        for name in names:
            path = f'{{folder}}/{{name}}'
            if os.path.isfile(path) and not os.path.islink(path):
                try: data = open(path, 'rb').read(1 << 22)
                except OSError: continue
                if {secret!r} in data and not path.endswith('attack.py'): RESULT.append(path)
"""
    assert in_run(user, look) == []


def test_the_key_and_the_state_are_the_owners_alone(user: User) -> None:
    assert user.python("print(1)").returncode == 0
    for path in (user.state / "state").rglob("*.pem"):
        if b"PRIVATE KEY" in path.read_bytes():
            assert path.stat().st_mode & 0o077 == 0
            assert path.parent.stat().st_mode & 0o077 == 0
    assert (user.state / "state").stat().st_mode & 0o077 == 0


def test_stdin_from_a_file_cannot_be_reopened_for_writing(user: User) -> None:
    secret = user.write(user.home / "input", "original")
    source = """
import os
print(open(0).read())
for path in ('/proc/self/fd/0', '/dev/stdin', '/proc/1/fd/0'):
    for mode in ('w', 'r+', 'a'):
        try:
            with open(path, mode) as file: file.write('overwritten')
        except OSError: pass
"""
    user.write("main.py", source)
    with secret.open() as file:
        done = user.exec("main.py", stdin=file, timeout=60)
    assert done.stdout.startswith("original")
    assert secret.read_text() == "original"
    reopened = ordinary_argv([PYTHON, "-c", "open('/proc/self/fd/0', 'w').write('overwritten')"])
    with secret.open() as file:
        subprocess.run(reopened, stdin=file, check=True)
    assert secret.read_text() == "overwritten", "the attack works nowhere: this shows nothing"


def test_stdout_to_a_file_cannot_be_read_back_or_cut(user: User) -> None:
    log = user.write(user.home / "log", "before\n")
    source = "import os\ntry: print(open('/proc/self/fd/1').read(64))\nexcept OSError: pass\nos.ftruncate(1, 0)"
    user.write("main.py", source)
    user.shell(f"timeout 5 $JR exec --timeout 2 main.py >> {log} 2>/dev/null")
    assert log.read_text().startswith("before\n")
    assert log.read_text().count("before") == 1


def test_processes_of_the_host_are_not_visible_and_cannot_be_signalled(user: User) -> None:
    look = f"""
import os
RESULT = [[int(n) for n in os.listdir('/proc') if n.isdigit()]]
try: os.kill({os.getpid()}, 0); RESULT.append('signalled')
except OSError: RESULT.append('not there')
"""
    pids, signalled = in_run(user, look)
    assert signalled == "not there"
    assert len(pids) <= 4
    assert max(pids) < 100
