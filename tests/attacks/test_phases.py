"""Between the phases of a run: what a program changes while the next run plans, installs or starts."""

from __future__ import annotations

import subprocess

import pytest

from support.hostile import hostile_sdist
from support.registry import Upstream
from support.user import User, alive, wait_for
from support.wheels import make_wheel

pytestmark = pytest.mark.attack

FLIP = """
import os, sys, time
print('ready', flush=True)
end = time.monotonic() + 40
while time.monotonic() < end:
    for text in ('six\\n', 'canary-denied\\n'):
        with open('new', 'w') as file: file.write(text)
        os.rename('new', 'requirements.txt')
"""


def test_a_manifest_that_changes_while_it_is_read_gets_nothing_past_the_policy(user: User, upstream: Upstream) -> None:
    """What is planned may be the one or the other; what comes in is judged where it comes in."""
    upstream.add(make_wheel("canary-denied", "1.0"))
    user.policy(upstream.url, "rules:\n  - deny: pkg:pypi/canary-denied\n    reason: canary\n")
    user.write("requirements.txt", "six\n")
    user.write("flip.py", FLIP)
    user.write("main.py", "import os; print(sorted(os.listdir('/deps')) if os.path.isdir('/deps') else [])")
    flipper = user.begun("--no-install", "flip.py")
    seen = set()
    try:
        for _ in range(4):
            done = user.exec("main.py")
            seen.add(done.returncode)
            assert "canary_denied" not in done.stdout
            assert done.returncode in (0, 126), done
    finally:
        flipper.kill()
        flipper.communicate()
    wait_for(lambda: not alive("flip.py"))  # a moment after its runner
    assert not list((user.state / "state/sets").rglob("canary_denied*"))
    user.write("requirements.txt", "canary-denied\n")
    assert user.exec("main.py").returncode == 126, "the policy does not deny it: this shows nothing"


SWAP = """
import os, time
print('ready', flush=True)
end = time.monotonic() + 40
while time.monotonic() < end:
    for text in ("import six; print('planned', six.__version__)", "import canary_undeclared; print('TROJAN')"):
        with open('new', 'w') as file: file.write(text)
        os.rename('new', 'main.py')
"""


def test_a_program_that_changes_after_it_was_planned_has_what_was_planned(user: User, upstream: Upstream) -> None:
    """It may run changed: it is the workspace's own. It gets no package that nobody judged."""
    upstream.add(make_wheel("canary-undeclared", "1.0"))
    user.policy(upstream.url, "rules:\n  - deny: pkg:pypi/canary-undeclared\n    reason: canary\n")
    user.write("main.py", "import six")
    user.write("swap.py", SWAP)
    swapper = user.begun("--no-install", "swap.py")
    try:
        for _ in range(4):
            done = user.exec("main.py")
            assert "TROJAN" not in done.stdout, done
    finally:
        swapper.kill()
        swapper.communicate()
    assert not list((user.state / "state/sets").rglob("canary_undeclared*"))


def test_a_program_that_runs_while_another_installs_sees_neither_its_stage_nor_what_comes_in(
    user: User, upstream: Upstream
) -> None:
    """The set of the later run appears in its own sandbox alone, whole, and read-only."""
    user.policy(upstream.url)
    watch = """
import os, sys
print('ready', flush=True)
sys.stdin.read()
print([name for name in ('/stage', '/deps', '/cache', '/site') if os.path.lexists(name)])
"""
    user.write("watch.py", watch)
    watcher = user.begun("--no-install", "watch.py", stdin=subprocess.PIPE)
    user.write("requirements.txt", "six\n")
    assert user.python("import six; print(six.__file__)").stdout == "/deps/six/__init__.py\n"
    out, _ = watcher.communicate()
    assert out == b"[]\n"


LINGER = """
import os, subprocess, sys
script = '''
import os, time
for _ in range(20000):
    for top, _, names in os.walk("/stage"):
        for name in names:
            if name == "six.py" or name.endswith("__init__.py"):
                try:
                    with open(os.path.join(top, name), "a") as file: file.write("\\\\nprint('TROJAN')\\\\n")
                except OSError: pass
    time.sleep(0.002)
'''
quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
subprocess.Popen([sys.executable, "-c", script], start_new_session=True, **quiet)
RESULT = 'built'
"""


def test_what_a_build_leaves_running_does_not_reach_a_set_that_others_share(user: User, upstream: Upstream) -> None:
    """It may spoil the set that its own workspace gets, which is private; never the one that is named by its lock."""
    upstream.add(hostile_sdist("lingering", LINGER))
    user.policy(upstream.url)
    user.write("requirements.txt", "lingering\nsix\n")
    assert user.python("import lingering, six; print('ran')").returncode in (0, 125)
    user.work = user.folder(user.root / "victim")
    user.write("requirements.txt", "six\n")
    assert user.python("import six; print(six.__version__)").stdout == "1.16.0\n"


def test_a_ticket_cannot_be_written_by_who_it_is_for(user: User) -> None:
    """What was decided lies in our state. That a program guesses its name and place is of no use to it."""
    user.python("print('first')")
    tickets = user.state / "state/tickets"
    before = {path.name: path.read_bytes() for path in tickets.iterdir()}
    forge = f"""
import os
for path in ({str(tickets)!r}, '/proc/self/root{tickets}', '../state/state/tickets', '/sandbox/../{tickets}'):
    try: os.makedirs(path, exist_ok=True)
    except OSError: continue
    for name in {sorted(before)!r}: open(path + '/' + name, 'w').write('jhansi-ticket 7\\n')
"""
    user.write("forge.py", forge)
    user.exec("forge.py")
    after = {path.name: path.read_bytes() for path in tickets.iterdir()}
    assert before.items() <= after.items()
