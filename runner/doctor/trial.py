"""The trial: one program that attacks, run by `exec` in sandboxes with and without a way out, and once without one.

What it needs is in one temporary folder, its state in a `JHANSI_HOME` of its own: the user's is not touched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cell.syscalls import MACHINES
from jhansi_runner.proxy.registries.upstreams import public_host
from jhansi_runner.runner.doctor import probe, probe_host, probe_kernel, probe_lock
from jhansi_runner.runner.doctor.attempts import DOOR, REGISTRY, Attempt, Planted, at_the_gate, attempts
from jhansi_runner.runner.doctor.canaries import VARIABLE, Canaries, inheritable
from jhansi_runner.runner.doctor.findings import Finding, fault, untried, well
from jhansi_runner.runner.doctor.judge import Answer, Answers, answers, judge
from jhansi_runner.runner.doctor.killed import CODE as KILLED
from jhansi_runner.runner.doctor.killed import check_killed, released, touch
from jhansi_runner.runner.doctor.probe_lock import held
from jhansi_runner.runner.errors import FAILED

EXEC = (sys.executable, "-I", "-c", "from jhansi_runner.runner.entry import main; main()", "exec")
"""How the doctor starts `exec`: as a user's shell would, in a process of its own."""
_PROBE = (probe, probe_host, probe_kernel, probe_lock)
_INSIDE = ("python3", "-E", "-s", "-S", "-m", probe.__name__)
_OUTSIDE = (sys.executable, "-I", "-m", probe.__name__)
"""Outside it is the installed one, and not the copy in the workspace, to which a program could have written."""
SANDBOX = "JH-SANDBOX"
_LAST_LINES = 12
_SECONDS, _IDLE_SECONDS = 240, 1
_POLICY = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: deny\negress: {run: %s}\n"
_MAX_BASE = 60  # a unix socket's path may have 107 bytes
_CLOSED, _OPEN = "none", "registries"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run in a sandbox came to: what the program printed, or why it was not run."""

    printed: str
    trouble: str = ""


def hold_trial(command: Sequence[str], env: Mapping[str, str], own: Mapping[str, str]) -> list[Finding]:
    """Try everything, and leave nothing behind. `command` starts `exec`, `own` is the user's state, by what it is.

    Raises OSError where there is no room for a temporary folder.
    """
    if os.uname().machine not in MACHINES:
        why = "no system-call filter is known for this machine"
        return [_no_sandbox(why), *nothing_tried(why)]
    base = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix="jhansi-doctor-", dir=base if len(os.fsencode(base)) < _MAX_BASE else "/tmp")  # noqa: S108
    try:
        trial = Trial(folder, command, env, own)
        try:
            return trial.findings()
        finally:
            trial.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def state_of(folders: paths.Paths) -> dict[str, str]:
    """What of our state no program may see, by what it is; folders end in a slash."""
    return {
        "key": f"{folders.authority}/{paths.AUTHORITY_FILE}",
        "records": f"{folders.runs}/journal",
        "state": f"{folders.state}/",
    }


def nothing_tried(why: str) -> list[Finding]:
    """A finding for each code of the trial's, where no program could be run."""
    planted = Planted("", "", "", {"": ""}, 0, "", 0, "")
    tried = (*attempts(planted, MACHINES[0], ""), DOOR, *at_the_gate(""))
    return [untried(code, why) for code in dict.fromkeys([*(each.code for each in tried), KILLED])]


class Trial:
    """A trial in a folder. `command` starts `exec`, `env` is the user's environment, `own` are paths of our state."""

    def __init__(self, folder: str, command: Sequence[str], env: Mapping[str, str], own: Mapping[str, str]) -> None:
        self._folder, self._command, self._own = folder, command, own
        self._home = os.path.expanduser("~")
        self._work, self._state, self._apart = f"{folder}/work", f"{folder}/home", f"{folder}/apart"
        self._env = {**env, "JHANSI_HOME": self._state, "JHANSI_PROXY_IDLE": str(_IDLE_SECONDS)}
        package = f"{self._work}/{os.path.dirname(probe.__name__.replace('.', '/'))}"
        os.makedirs(package)
        os.mkdir(self._apart)
        for module in _PROBE:
            shutil.copy(str(module.__file__), package)
        for egress in (_CLOSED, _OPEN):
            with open(f"{folder}/{egress}.yaml", "w", encoding="ascii") as file:
                file.write(_POLICY % egress)

    def findings(self) -> list[Finding]:
        """Try everything. Raises OSError where the folder cannot hold it."""
        canaries = Canaries(f"{self._folder}/canary", _home(self._home), {**self._own, **self._state_of_trial()})
        with canaries as planted:
            self._env[VARIABLE] = planted.secret
            return self._tried(canaries, planted)

    def _state_of_trial(self) -> dict[str, str]:
        folders = paths.Paths(self._env, os.getuid(), os.uname().nodename)
        return {f"the trial's {name}": path for name, path in state_of(folders).items()}

    def _tried(self, canaries: Canaries, planted: Planted) -> list[Finding]:
        everything = attempts(planted, os.uname().machine, _CLOSED)
        gate = at_the_gate(public_host("pypi"))
        closed, trouble = self._inside(canaries, planted, _CLOSED, (DOOR,))
        if trouble:
            return [_no_sandbox(trouble), *nothing_tried("no program could be run")]
        opened, trouble = self._inside(canaries, planted, _OPEN, (DOOR, *gate))
        control = self._outside(canaries, everything)
        if trouble:
            found = [_no_sandbox(trouble), *judge(everything, control, [closed])]
            found += [untried(each.code, "no program could be run with a way to the gate") for each in (DOOR, gate[0])]
        else:
            found = [well(SANDBOX, "a program ran in it, with and without a way to the registries")]
            found += judge(everything, control, [closed, opened])
            found += judge((DOOR,), opened, [closed])
            found += judge(gate[1:], _gate_control(opened), [opened])
        inside = [*self._words(_CLOSED), *_INSIDE]
        return [*found, check_killed(inside, self._work, _OUTSIDE, self._apart, self._env)]

    def _inside(
        self, canaries: Canaries, planted: Planted, egress: str, more: tuple[Attempt, ...]
    ) -> tuple[dict[str, Answer], str]:
        """What a program in a sandbox got to; and why none was run, "" where one was."""
        canaries.heard.clear()
        tried = (*attempts(planted, os.uname().machine, egress), *more)
        asked = {attempt.name: attempt.asked for attempt in tried}
        with inheritable(canaries.descriptor):
            outcome = self._exec(egress, json.dumps(asked), (canaries.descriptor,))
        found = answers(outcome.printed, asked)
        if not outcome.trouble:
            for attempt in tried:
                witness = self._witness(attempt, canaries, egress)
                if witness:
                    found[attempt.name] = Answer(True, witness)
            if not os.path.lexists(f"{self._work}/left-{egress}"):  # what was never there shows nothing by being gone
                found = {name: answer for name, answer in found.items() if not name.startswith("JH-SURVIVOR ")}
        return found, outcome.trouble

    def _witness(self, attempt: Attempt, canaries: Canaries, run: str) -> str:
        """What the host saw of an attempt in a sandbox, "" for nothing; the probe's word counts for no more."""
        if attempt.name in canaries.heard:
            return "a listener of the host's was reached"
        if attempt.code == "JH-WRITE" and os.path.lexists(f"{self._folder}/canary/written/{attempt.asked['file']}"):
            return "the file is there"
        if attempt.code == "JH-SURVIVOR":
            alive = not released(f"{self._work}/left-{run}")
            touch(f"{self._work}/end-{run}")
            return "it lives on" if alive else ""
        return ""

    def _exec(self, egress: str, given: str, passed: tuple[int, ...]) -> Outcome:
        words = [*self._words(egress, "--json", "--timeout", str(_SECONDS // 2)), *_INSIDE]
        try:
            done = subprocess.run(
                words, input=given.encode(), capture_output=True, env=self._env, cwd="/", pass_fds=passed,
                timeout=_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Outcome("", f"a run did not end within {_SECONDS} s")
        try:
            record = json.loads(done.stdout)
            printed, error, code = str(record["stdout"]), str(record["error"]), record["exit_code"]
            late, limits = bool(record["timed_out"]), record["limits"]
            limited = str(limits["reason"]) if limits.get("ended_by") else ""  # what was not run has no such fields
        except (ValueError, KeyError, TypeError):
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-_LAST_LINES:]
            return Outcome("", "\n".join([f"exec ended with {done.returncode} and no outcome", *said]))
        if late or limited:  # what it did not get to is no fault
            return Outcome("", limited or f"a run did not end within {_SECONDS // 2} s: this host is busy, try again")
        trouble = error or (str(record["stderr"]).strip() if code == FAILED else "")
        return Outcome(printed, trouble)

    def _words(self, egress: str, *options: str) -> list[str]:
        given = ["--no-install", "--policy", f"{self._folder}/{egress}.yaml", "--workspace", self._work]
        return [*self._command, *given, *options, "--"]

    def _outside(self, canaries: Canaries, tried: Sequence[Attempt]) -> Answers:
        """The control: the same program, with nothing between it and the canaries."""
        asked = {attempt.name: attempt.control for attempt in tried}
        try:
            with inheritable(canaries.descriptor):
                done = subprocess.run(
                    _OUTSIDE, input=json.dumps(asked).encode(), capture_output=True, env=self._env, cwd=self._apart,
                    pass_fds=(canaries.descriptor,), timeout=_SECONDS, check=False,
                )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {}
        found = answers(done.stdout.decode("utf-8", "replace"), asked)
        for attempt in tried:
            if attempt.code == "JH-SURVIVOR" and attempt.name in found and held(f"{self._apart}/left-control"):
                found[attempt.name] = Answer(True, "it lives on")
        touch(f"{self._apart}/end-control")
        return found

    def close(self) -> None:
        """Wait for the trial's own proxy to end, which it does when nobody needs it."""
        folders = paths.Paths(self._env, os.getuid(), os.uname().nodename)
        released(f"{folders.runtime}/{folders.service_key}.lock")


def _gate_control(opened: Answers) -> Answers:
    """That the gate refused shows something where it lets something else through, and said so itself."""
    passed = opened.get(REGISTRY, Answer(False, "no answer"))
    return {name: passed if one.said.startswith("HTTP/") else Answer(False, one.said) for name, one in opened.items()}


def _no_sandbox(trouble: str) -> Finding:
    cause, *remedy = trouble.splitlines()
    return fault(SANDBOX, cause, remedy, "")


_SHOWN = ("/bin", "/dev", "/etc", "/lib", "/proc", "/sandbox", "/sbin", "/usr")


def _home(home: str) -> str:
    """The user's home, "" where it is a folder that sandboxes have one of their own of: a service's may be `/`."""
    return "" if home == "/" or any(f"{home}/".startswith(f"{top}/") for top in _SHOWN) else home
