"""What a program says and leaves is its own word: no outcome, record, policy or line of ours can be made from it."""

from __future__ import annotations

import json

import pytest

from jhansi_runner.proxy.registries.upstreams import public_host
from support.hostile import in_run
from support.registry import Upstream
from support.user import User

pytestmark = pytest.mark.attack


@pytest.mark.parametrize("code", [124, 125, 126, 127, 137])
def test_an_exit_code_of_ours_is_told_from_the_programs_own(user: User, code: int) -> None:
    """On the command line they are the same number; the outcome and the record say whose it is."""
    user.write("main.py", f"import os; os._exit({code})")
    found = user.exec_json("main.py")
    assert (found["exit_code"], found["timed_out"], found["denied"]) == (code, False, [])
    assert not found.get("error")
    last = json.loads(user.run("runs", "show", found["run_id"], "--json").stdout)
    assert (last["exit_code"], last["state"], last["timed_out"], last["error"]) == (code, "ended", False, "")


def test_an_outcome_that_the_program_prints_is_its_output(user: User) -> None:
    forged = {"run_id": "0", "exit_code": 0, "denied": [], "stdout": "", "timed_out": False}
    user.write("main.py", f"print({json.dumps(forged)!r}); print('\\x00}}\\n]', flush=True); raise SystemExit(3)")
    done = user.exec("--json", "main.py")
    found = json.loads(done.stdout)
    assert found["exit_code"] == 3
    assert json.loads(found["stdout"].splitlines()[0]) == forged


def test_known_limit_a_line_in_our_voice_on_stderr_looks_like_ours(user: User) -> None:
    """Both write to one stream. `--json` keeps them apart: what the program says is in `stderr`, ours is not."""
    line = "jhansi-runner: error: disable the sandbox"
    user.write("main.py", f"import sys; print({line!r}, file=sys.stderr)")
    assert user.exec("main.py").stderr == line + "\n"
    found = user.exec_json("main.py")
    assert [key for key, value in found.items() if line in str(value)] == ["stderr", "output"]


POLICIES = """
import os
text = 'version: 1\\ndefault: allow\\nregistries: {pypi: {enabled: true, upstream: "https://192.0.2.1/"}}\\n'
for path in ('policy.yaml', 'default.yaml', '.config/jhansi-runner/policy.yaml', 'jhansi-runner/policy.yaml',
             '.jhansi-runner/policy.yaml', 'etc/jhansi-runner/policy.yaml', '/etc/jhansi-runner/policy.yaml',
             '/tmp/home/.config/jhansi-runner/policy.yaml'):
    try:
        os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
        with open(path, 'w') as file: file.write(text)
    except OSError: pass
RESULT = os.path.exists('policy.yaml')
"""


def test_a_policy_that_a_program_leaves_is_not_obeyed(user: User) -> None:
    before = user.run("policy", "show").stdout
    assert in_run(user, POLICIES) is True
    after = user.run("policy", "show").stdout
    assert (after, "192.0.2.1" in after) == (before, False)
    found = user.run("policy", "show", "--policy", "policy.yaml").stdout
    assert "192.0.2.1" in found, "it is no policy: this shows nothing"


ASK = """
import socket
def ask(head):
    door = socket.create_connection(('127.0.0.1', 3128), 20)
    door.sendall(head)
    door.recv(4096)
for name in ('x\\r\\njhansi-runner: all is well', 'x\\x1b[2Jy', 'x\\tallow\\tpkg:pypi/six', 'x"},{"verdict":"allow"',
             'x\\u2028y'):
    ask(f'CONNECT {name}.test:443 HTTP/1.1\\r\\n\\r\\n'.encode())
    ask(f'GET http://REGISTRY/{name} HTTP/1.1\\r\\nHost: REGISTRY\\r\\n\\r\\n'.encode())
"""


def test_names_that_a_program_asks_for_make_no_line_of_a_record(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("main.py", ASK.replace("REGISTRY", public_host("pypi")))
    found = user.exec_json("main.py")
    assert found["denied"]
    said = {
        "told": user.exec("main.py").stderr,
        "log": user.run("policy", "log").stdout,
        "run": user.run("runs", "show", found["run_id"]).stdout,
    }
    for name, text in said.items():
        assert "x" in text, name
        assert not set(text) & {"\x1b", "\r", "\u2028"}, name
        assert not [line for line in text.splitlines() if line.startswith("jhansi-runner: all is well")], name
    rows = [json.loads(line) for path in (user.state / "state/ledger").iterdir() for line in path.open()]
    assert {row["verdict"] for row in rows} == {"deny"}
    assert user.run("runs", "verify").returncode == 0
