"""What the code of a package leaves behind while it is built: in its stage, in the set, for other workspaces."""

from __future__ import annotations

import os

import pytest

from support.hostile import hostile_sdist, in_build
from support.registry import Upstream
from support.user import User, alive, wait_for

pytestmark = pytest.mark.attack


def attempt(user: User, upstream: Upstream, code: str, more: str = "") -> tuple[int, str, str]:
    """Run a program that needs a package whose build runs the code, with more lines of policy."""
    upstream.add(hostile_sdist("attack_stage", code + "\nRESULT = 'built'"))
    user.policy(upstream.url, more)
    user.write("requirements.txt", "attack-stage\n")
    user.write("main.py", "import os, attack_stage; print(attack_stage.RESULT, sorted(os.listdir('/deps')))")
    done = user.exec("main.py")
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", ["site", "set", "lock.txt", "requirements.in", "cache"])
def test_a_link_that_a_build_leaves_in_its_stage_is_not_followed(user: User, upstream: Upstream, name: str) -> None:
    secret = user.write(user.home / "keys/canary", "canary").parent
    user.write(secret / "attack_stage-1.0.dist-info/METADATA", "Name: attack-stage\n")
    before = sorted(os.listdir(secret))
    plant = f"""
import os, shutil, subprocess, sys
subprocess.Popen([sys.executable, '-c', '''
import os, shutil, time
for _ in range(3000):
    try:
        if os.path.isdir("/stage/{name}") and not os.path.islink("/stage/{name}"): shutil.rmtree("/stage/{name}", True)
        elif os.path.lexists("/stage/{name}") and not os.path.islink("/stage/{name}"): os.unlink("/stage/{name}")
        os.symlink({str(secret)!r}, "/stage/{name}")
    except OSError: pass
    time.sleep(0.001)
'''], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
"""
    code, out, err = attempt(user, upstream, plant)
    assert code in (0, 125), err
    assert "canary" not in out
    assert "Traceback" not in err
    assert sorted(os.listdir(secret)) == before
    assert (secret / "canary").read_text() == "canary"


LEAVINGS = {
    "locked": "os.makedirs('/stage/a/b/c'); os.chmod('/stage/a/b', 0); os.chmod('/stage/a', 0)",
    "a locked stage": "open('/stage/f', 'w').close(); os.chmod('/stage', 0o500)",
    "deep": "os.chdir('/stage')\nfor _ in range(3000): os.mkdir('d'); os.chdir('d')",
    "pipes": "os.mkfifo('/stage/fifo')",
    "a closed stage": "import atexit; atexit.register(os.chmod, '/stage', 0)",
    "many": "for number in range(5000): os.mkfifo(f'/stage/{number}')",
    "folders for one package": """
os.makedirs('/stage/site', exist_ok=True)
for number in range(2000): os.makedirs(f'/stage/site/attack-sdist-{number}.dist-info', exist_ok=True)""",
}


@pytest.mark.parametrize("kind", LEAVINGS)
def test_what_a_build_leaves_in_its_stage_is_removed(user: User, upstream: Upstream, kind: str) -> None:
    code, _, err = attempt(user, upstream, f"import os\n{LEAVINGS[kind]}")
    assert code in (0, 125)
    assert "Traceback" not in err
    assert os.listdir(user.state / "state/staging") == []


EATING = "import time\nkept = [bytearray(b'x' * (1 << 20)) for _ in range(600)]\ntime.sleep({})\n"


def test_a_build_is_held_to_the_limits_of_the_policy(user: User, upstream: Upstream) -> None:
    code, out, err = attempt(user, upstream, EATING.format(0))
    assert (code, "built" in out) == (0, True), err
    user.work = user.folder(user.root / "another")
    code, out, err = attempt(user, upstream, EATING.format(30), "limits: {memory: 400 MiB}\n")
    assert code == 125 and "killed: an install step had more memory than the 400 MiB" in err
    assert f"{user.state}/policy.yaml:4 sets this" in err


def test_nothing_that_a_build_starts_survives_it(user: User, upstream: Upstream) -> None:
    start = """
import subprocess
quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
for _ in range(3): subprocess.Popen(["setsid", "sleep", "60007"], **quiet)
"""
    code, out, _ = attempt(user, upstream, start)
    assert (code, out[:5]) == (0, "built")
    wait_for(lambda: not alive("sleep\x0060007"))


def test_a_build_writes_to_its_stage_and_its_memory_alone(user: User, upstream: Upstream) -> None:
    look = """
import os
RESULT = []
for top, folders, _ in os.walk('/'):
    if top in ('/stage', '/tmp', '/proc', '/usr/share', '/usr/lib'): folders.clear()
    try: open(top + '/canary', 'w').close(); RESULT.append(top)
    except OSError: pass
"""
    assert set(in_build(user, upstream, look, "look_sdist")) <= {"/stage", "/tmp", "/dev/shm"}


POISON = """
import os
RESULT = []
for top, _, names in os.walk('/stage/cache'):
    if 'six.py' in names:
        with open(top + '/sitecustomize.py', 'w') as file: file.write("print('TROJAN')")
        RESULT.append(top)
with open('/stage/proof', 'w') as file: file.write('it ran')
"""


def victim(user: User) -> str:
    """What a program of another workspace prints, which needs nothing but six."""
    user.work = user.folder(user.root / "victim")
    return str(user.python("import six; print('six', six.__version__)").stdout)


@pytest.mark.parametrize("fails", [True, False])
def test_an_optional_package_that_is_built_does_not_reach_what_others_share(
    user: User, upstream: Upstream, fails: bool
) -> None:
    """Its build fails, or not, after it changed what the installer had unpacked of six."""
    last = "raise SystemExit('no build')" if fails else "pass"
    upstream.add(hostile_sdist("docopt", POISON + last))
    user.policy(upstream.url)
    source = "import six\ntry: import docopt\nexcept ImportError: docopt = None\nprint('six', six.__version__)"
    done = user.python(source)
    assert "source distributions are built" in done.stderr, "the attack ran"
    assert done.stdout.splitlines()[-1] == "six 1.16.0"
    assert victim(user) == "six 1.16.0\n"


def test_a_line_break_in_a_manifest_does_not_become_an_option_of_the_installers(user: User, upstream: Upstream) -> None:
    upstream.add(hostile_sdist("evil", POISON))
    user.policy(upstream.url)
    address = "https://files.example/six-1.16.0-py2.py3-none-any.whl\\n--no-binary=evil\\nevil"
    user.write("pyproject.toml", f'[project]\nname = "x"\nversion = "1"\ndependencies = ["six @ {address}"]\n')
    done = user.python("import six; print('six', six.__version__)")
    assert done.returncode == 125
    assert "pyproject.toml:" in done.stderr
    assert "control character" in done.stderr
    assert upstream.count(lambda request: "evil" in request.path) == 0
    assert victim(user) == "six 1.16.0\n"


@pytest.mark.parametrize("name", ["lock.txt", "site"])
def test_a_pipe_in_place_of_what_is_read_does_not_hang_the_host(user: User, upstream: Upstream, name: str) -> None:
    plant = f"""
import os, subprocess, sys
subprocess.Popen([sys.executable, '-c', '''
import os, time
os.mkfifo("/stage/pipe")
for _ in range(20000):
    try: done = os.path.isdir("/stage/{name}") or os.path.getsize("/stage/{name}") > 0
    except OSError: done = False
    if done:
        try: os.rename("/stage/{name}", "/stage/moved")
        except OSError: pass
        os.rename("/stage/pipe", "/stage/{name}")
        break
    time.sleep(0.0005)
'''], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
"""
    code, _, err = attempt(user, upstream, plant)
    assert code in (0, 125), err
    assert "Traceback" not in err


def test_a_build_that_swaps_what_is_installed_harms_its_own_workspace_alone(user: User, upstream: Upstream) -> None:
    """It may say that it provides six; nobody else gets that."""
    upstream.add(hostile_sdist("attack_other", POISON))
    user.policy(upstream.url)
    user.write("requirements.txt", "attack-other\nsix\n")
    shared = user.state / "state/sets"
    before = set(os.listdir(shared)) if shared.exists() else set()
    assert user.python("import six, attack_other; print(six.__version__)").stdout == "1.16.0\n"
    after = set(os.listdir(shared)) if shared.exists() else set()
    assert after == before, "nothing of it is shared"
    user.work = user.folder(user.root / "victim")
    assert user.python("import six; print(six.__version__, six.__file__)").stdout.startswith("1.16.0 /deps/six")
