"""What the code of a package leaves behind while it is built: in its stage, in the set, for other workspaces."""

from __future__ import annotations

import os

import pytest

from support.hostile import hostile_sdist, in_build
from support.registry import Upstream
from support.user import User, alive

pytestmark = pytest.mark.attack


def attempt(user: User, upstream: Upstream, code: str) -> tuple[int, str, str]:
    """Run a program that needs a package whose build runs the code."""
    upstream.add(hostile_sdist("attack_stage", code + "\nRESULT = 'built'"))
    user.policy(upstream.url)
    user.write("requirements.txt", "attack-stage\n")
    user.write("main.py", "import os, attack_stage; print(attack_stage.RESULT, sorted(os.listdir('/deps')))")
    done = user.exec("main.py", timeout=50)
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
}


@pytest.mark.parametrize("kind", LEAVINGS)
def test_what_a_build_leaves_in_its_stage_is_removed(user: User, upstream: Upstream, kind: str) -> None:
    code, _, err = attempt(user, upstream, f"import os\n{LEAVINGS[kind]}")
    assert code in (0, 125)
    assert "Traceback" not in err
    assert os.listdir(user.state / "state/staging") == []


def test_nothing_that_a_build_starts_survives_it(user: User, upstream: Upstream) -> None:
    start = """
import subprocess
quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
for _ in range(3): subprocess.Popen(["setsid", "sleep", "60007"], **quiet)
"""
    code, out, _ = attempt(user, upstream, start)
    assert (code, out[:5]) == (0, "built")
    assert alive("sleep\x0060007") == []


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


def test_a_build_that_swaps_what_is_installed_harms_its_own_workspace_alone(user: User, upstream: Upstream) -> None:
    """It may say that it provides six; nobody else gets that."""
    upstream.add(hostile_sdist("attack_other", "RESULT = 1"))
    user.policy(upstream.url)
    user.write("requirements.txt", "attack-other\nsix\n")
    assert user.python("import six, attack_other; print(six.__version__)").stdout == "1.16.0\n"
    shared = user.state / "state/sets"
    assert not shared.exists() or os.listdir(shared) == []
    user.work = user.folder(user.root / "victim")
    assert user.python("import six; print(six.__version__, six.__file__)").stdout.startswith("1.16.0 /deps/six")
