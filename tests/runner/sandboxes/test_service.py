"""The core as servers use it, with the real bubblewrap: one process, or several on the same state."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from support.registry import Upstream
from support.sandboxes import acted, core_of
from support.user import User, alive, wait_for


def core(user: User, act: str, settings: str = "") -> Any:
    """What the lines of `act` return, in a core."""
    return acted(user, _function(act), settings)


def _function(act: str) -> str:
    return "async def act(service):\n" + "".join(f"    {line}\n" for line in act.strip().splitlines())


def started(user: User, act: str) -> subprocess.Popen[Any]:
    """A core that goes on, once it has said something."""
    argv = core_of(user, _function(act))
    return subprocess.Popen(argv, env=user.env, cwd=user.work, stdout=subprocess.PIPE, start_new_session=True)


def said(process: subprocess.Popen[Any]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def test_a_program_runs_and_all_that_it_tells_can_be_had_again(user: User) -> None:
    found = core(
        user,
        """
box = await named(service, content=b"import sys; print(input()); print('two', file=sys.stderr); sys.exit(3)")
run = await ran(service, box, filename="main.py", stdin=b"one")
events = [[one.number, one.name] async for one in service.events(caller, run.id)]
late = [one.number async for one in service.events(caller, run.id, events[-1][0] - 1)]
logs = {name: b"".join([part async for part in service.log(caller, run.id, name)]).decode() for name in ("", "stderr")}
bad = await refused(anext(service.log(caller, run.id, "stdin")))
listed = await service.runs(caller, box)
bom = await service.sbom(caller, run.id)
return [run.exit_code, run.outcome, events, late, logs, bad, [one.id for one in listed], run.id, bom["bomFormat"]]
""",
    )
    code, outcome, events, late, logs, bad, listed, run, bom = found
    assert (code, outcome["exit_code"], outcome["run_id"], outcome["state"]) == (3, 3, run, "done")
    assert (outcome["stdout"], outcome["stderr"], outcome["output"]) == ("one\n", "two\n", "one\ntwo\n")
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    assert events[-1][1] == "done"
    assert late == [events[-1][0]]
    assert logs == {"": "one\ntwo\n", "stderr": "two\n"}
    assert (bad, listed, bom) == ("bad_request", [run], "CycloneDX")


def test_who_is_busy_is_waited_for_cancelled_or_told(user: User) -> None:
    found = core(
        user,
        """
box = await named(service)
first = await service.submit(caller, box, Program(command="sleep 60"))
busy = await refused(service.submit(caller, box, Program(command="true")))
second = await service.submit(caller, box, Program(command="echo second", wait=True))
third = await service.submit(caller, box, Program(command="true", wait=True))
states = [first.state, second.state, (await service.sandbox(caller, box)).status]
ended = [await service.cancel(caller, third.id), await service.cancel(caller, first.id)]
ended.append(await service.finished(caller, second.id))
again = await service.cancel(caller, first.id)
runs = await service.runs(caller, box)
nothing = await refused(service.submit(caller, box, Program()))
return [busy, states, [one.state for one in ended], again == ended[1], len(runs), nothing,
        len(await service.runs(caller, box))]
""",
    )
    assert found == [
        "sandbox_busy", ["running", "queued", "running"], ["cancelled", "cancelled", "done"], True, 3, "bad_request", 3,
    ]  # fmt: skip


def test_a_deletion_ends_what_runs_and_what_waits(user: User) -> None:
    mark = f"601.{os.getpid()}"
    found = core(
        user,
        f"""
box = await named(service)
runs = [await service.submit(caller, box, Program(command="sleep {mark}", wait=True)) for _ in range(3)]
await service.delete(caller, box)
await service.delete(caller, box)
states = [(await service.finished(caller, one.id)).state for one in runs]
calls = [service.submit(caller, box, Program(command="true")), service.sandbox(caller, box),
         service.write(caller, box, "x", pieces(b"x"))]
return [states, [await refused(one) for one in calls], len(await service.runs(caller, box)), box]
""",
    )
    assert found[:3] == [["cancelled"] * 3, ["sandbox_not_found"] * 3, 3]
    wait_for(lambda: not alive(mark))
    assert not (user.state / "data/sandboxes" / found[3]).exists()


def test_a_core_that_is_killed_leaves_lost_runs_and_sandboxes_that_work(user: User) -> None:
    mark = f"602.{os.getpid()}"
    process = started(
        user,
        f"""
box = await named(service)
run = await service.submit(caller, box, Program(command="echo begun; sleep {mark}"))
async for one in service.events(caller, run.id):
    if one.name == "output":
        print(json.dumps([box, run.id]), flush=True)
""",
    )
    box, run = said(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not alive(mark))
    found = core(
        user,
        f"""
lost = await service.run(caller, "{run}")
events = [[one.name, one.data.get("text"), one.data.get("state")] async for one in service.events(caller, lost.id)]
after = await ran(service, "{box}", command="echo works")
status = (await service.sandbox(caller, "{box}")).status
return [lost.state, lost.outcome["error"], events, after.outcome["stdout"], status]
""",
    )
    assert found[0] == "lost"
    assert "run it again" in found[1]
    assert ["output", "begun\n", None] in found[2]
    assert found[2][-1] == ["done", None, "lost"]
    assert found[3:] == ["works\n", "idle"]


def test_two_cores_share_sandboxes_and_each_ends_its_own_runs(user: User) -> None:
    process = started(
        user,
        """
box = await named(service)
run = await service.submit(caller, box, Program(command="echo one; until test -e go; do sleep 0.1; done; echo two"))
print(json.dumps([box, run.id]), flush=True)
return (await service.finished(caller, run.id)).state
""",
    )
    box, run = said(process)
    found = core(
        user,
        f"""
elsewhere = await refused(service.cancel(caller, "{run}"))
busy = await refused(service.submit(caller, "{box}", Program(command="true")))
waits = await service.submit(caller, "{box}", Program(command="true", wait=True))
await service.write(caller, "{box}", "go", pieces(b""))
text = [one.data["text"] async for one in service.events(caller, "{run}") if one.name == "output"]
return [elsewhere, busy, "".join(text), (await service.finished(caller, waits.id)).state]
""",
    )
    assert found == ["run_elsewhere", "sandbox_busy", "one\ntwo\n", "done"]
    assert said(process) == "done"
    process.communicate()


def test_what_the_command_line_ran_is_told_too(user: User) -> None:
    box = core(user, "return await named(service)")
    user.exec("--sandbox", box, "--", "echo", "typed")
    found = core(
        user,
        f"""
(run,) = await service.runs(caller, "{box}")
events = [[one.name, one.data["stdout"]] async for one in service.events(caller, run.id)]
text = b"".join([part async for part in service.log(caller, run.id)]).decode()
return [run.state, run.kind, run.program, events, text]
""",
    )
    assert found == ["done", "command", "echo", [["done", "typed\n"]], "typed\n"]


def test_what_is_anothers_is_not_there(user: User) -> None:
    found = core(
        user,
        """
box = await named(service, content=b"x", who=ann)
run = await ran(service, box, who=ann, command="true")
calls = [
    service.sandbox(bob, box), service.submit(bob, box, Program(command="true")), service.files(bob, box),
    service.read(bob, box, "main.py"), service.entry(bob, box, "main.py"), service.write(bob, box, "x", pieces(b"")),
    service.remove(bob, box, "main.py"), service.delete(bob, box), service.runs(bob, box), service.run(bob, run.id),
    service.finished(bob, run.id), service.cancel(bob, run.id), service.sbom(bob, run.id),
    service.explain(bob, box, "pkg:pypi/six"), anext(service.events(bob, run.id)), anext(service.log(bob, run.id)),
]
names = {await refused(one) for one in calls}
never = {await refused(service.sandbox(bob, one)) for one in ("sb_" + "0" * 32, "../x")}
return [sorted(names), sorted(never), await service.sandboxes(bob), await service.runs(bob),
        (await service.metrics(bob)).tallies.ended["ok"], len(await service.sandboxes(ann)),
        (await ran(service, box, command="true")).owner]
""",
    )
    assert found == [["run_not_found", "sandbox_not_found"], ["sandbox_not_found"], [], [], 0, 1, "local"]


def test_a_policy_of_its_own_narrows_and_is_told(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    found = core(
        user,
        """
policy = "version: 1\\nregistries: {pypi: {enabled: true}}\\ndefault: allow\\n"
policy += "rules:\\n- {deny: 'pkg:pypi/six', reason: 'no'}\\n"
box = await named(service, content=b"import six", policy=policy)
run = await ran(service, box, filename="main.py")
wide = await ran(service, await named(service, content=b"import six"), filename="main.py")
told = [await service.explain(caller, one, "pkg:pypi/six@1.16.0") for one in (box, "")]
bad = [await refused(named(service, policy=one)) for one in ("", "rules", policy + "mode: observe", policy + "x: y")]
allowed = [one["allowed"] for one in told]
return [run.exit_code, run.outcome["denied"], wide.exit_code, allowed, json.dumps(told), bad[1:]]
""",
    )
    code, denied, wide, allowed, told, bad = found
    assert (code, wide, allowed) == (126, 0, [False, True])
    assert [(one["purl"], one["rule"]) for one in denied] == [("pkg:pypi/six", "sandbox-policy:5")]
    assert str(user.state) not in told
    assert bad == ["bad_policy"] * 3


def test_what_a_package_needs_is_refused_at_the_gate_by_a_policy_of_its_own(user: User, upstream: Upstream) -> None:
    """Nobody knows before that `click` needs `packaging`."""
    user.policy(upstream.url)
    found = core(
        user,
        """
policy = "version: 1\\nregistries: {pypi: {enabled: true}}\\ndefault: allow\\n"
policy += "rules:\\n- {deny: 'pkg:pypi/packaging', reason: 'not even beneath'}\\n"
box = await named(service, content=b"import click", policy=policy)
run = await ran(service, box, filename="main.py")
wide = await ran(service, await named(service, content=b"import click, packaging"), filename="main.py")
return [run.exit_code, run.outcome["denied"], wide.exit_code, wide.outcome["denied"]]
""",
    )
    code, denied, wide, nothing = found
    assert (code, wide, nothing) == (126, 0, [])
    assert ("pkg:pypi/packaging", "sandbox-policy:5") in [(one["purl"], one["rule"]) for one in denied]


def test_a_log_that_went_by_age_leaves_the_outcome(user: User) -> None:
    run = core(user, "return (await ran(service, await named(service), command='echo text')).id")
    found = core(
        user,
        f"""
while (await service.run(caller, "{run}")).has_log:
    await asyncio.sleep(0.05)
found = await service.run(caller, "{run}")
events = [[one.number, one.name, one.data["exit_code"]] async for one in service.events(caller, "{run}", 7)]
return [events, found.state, [part.decode() async for part in service.log(caller, "{run}")]]
""",
        "logs=1",
    )
    assert found == [[[8, "done", 0]], "done", [""]]
    assert not (user.state / "state/service/logs" / run).exists()


@pytest.mark.attack
def test_logs_do_not_wait_for_the_next_upkeep_to_go(user: User) -> None:
    found = core(
        user,
        """
import contextlib
from jhansi_runner.runner.sandboxes import service as module
module._UPKEEP_SECONDS = 1e9
box, written, most = await named(service), 0, 0
folder = paths.current(os.environ).service + "/logs/"
for _ in range(8):
    run = await ran(service, box, command="yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | head -c 900000")
    written += os.stat(folder + run.id).st_size
    while True:
        size = 0
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # it goes just now
                size += os.stat(folder + name).st_size
        most = max(most, size)
        if size < 9_000_000:
            break
        await asyncio.sleep(0.05)
return [written, most]
""",
        "logs=6_000_000",
    )
    written, most = found
    assert written > 12_000_000 > 2 * most > 4_000_000


@pytest.mark.attack
def test_programs_do_not_fill_a_sandbox_beyond_what_it_may_hold(user: User) -> None:
    found = core(
        user,
        """
box = await named(service, limits={"disk": "100TiB"})
write = "for n in $(seq 40); do head -c 200000 /dev/zero > f$n; sleep 0.05; done; sleep 60"
ended = await ran(service, box, command=write)
again = [(await ran(service, box, command="echo more; cp f1 more")).error for _ in range(2)]
for one in await service.files(caller, box):
    await service.remove(caller, box, one.path)
after = await ran(service, box, command="echo works")
kept = paths.current(os.environ).private(box[3:19]) + "/keep/go"
os.makedirs(kept)
with open(kept + "/built", "wb") as file:
    file.write(bytes(4_000_000))
again.append((await ran(service, box, command="echo more")).error)
return [ended.exit_code, ended.outcome["limits"]["ended_by"], again, after.outcome["output"], after.error]
""",
        "sandbox=3_000_000",
    )
    code, by, again, after, error = found
    assert (code, by, after, error) == (137, "disk", "works\n", "")
    assert all("holds all that it may" in one and "remove files" in one for one in again), again


@pytest.mark.attack
def test_no_token_has_more_of_the_host_than_the_operator_lets_programs_have(user: User, upstream: Upstream) -> None:
    act = """
async def made(who, **limits):
    return await refused(service.create(who, NewSandbox(limits=limits)))
greedy = [{"memory": "100TiB"}, {"processes": "20000"}, {"cpus": "1.5"}]
return [await made(ann, **one) for one in greedy] + [await made(ann, memory="1GiB"), await made(caller, **greedy[0])]
"""
    assert core(user, act) == ["bad_limit", "bad_limit", "done", "done", "done"]
    user.policy(upstream.url, "limits: {cpus: 1, processes: 40000}\n")
    assert core(user, act) == ["bad_limit", "done", "bad_limit", "done", "done"]


def test_files_have_bounds(user: User) -> None:
    found = core(
        user,
        """
box = await named(service, path="a/b.txt", content=b"12")
large = await refused(service.write(caller, box, "large", pieces(b"x" * 1000, b"x" * 1000)))
async def broken():
    yield b"some"
    raise ValueError
try:
    await service.write(caller, box, "broken", broken())
except ValueError:
    pass
bad = {await refused(service.write(caller, box, path, pieces(b""))) for path in ("../x", "/x", "", "a/../x")}
descriptor = (await service.read(caller, box, "a/b.txt"))[1]
text = os.read(descriptor, 9).decode()
await service.remove(caller, box, "a")
return [large, sorted(bad), text, [one.path for one in await service.files(caller, box, deep=True)], os.listdir(
    paths.current(os.environ).sandboxes + "/" + box + "/incoming")]
""",
        "upload=1500",
    )
    assert found == ["too_large", ["bad_path"], "12", [], []]


@pytest.mark.attack
@pytest.mark.parametrize("how", ["all at once", "one after the other"])
def test_many_who_write_at_once_do_not_get_more_room_together(user: User, how: str) -> None:
    found = core(
        user,
        f"""
box, ready, go = await named(service), asyncio.Semaphore(0), [asyncio.Event() for _ in range(8)]
async def slow(number):
    yield b"x"
    ready.release()
    await go[number].wait()
    for _ in range(30):
        yield b"x" * 10_000
tasks = []
for number in range(8):
    tasks.append(asyncio.create_task(refused(service.write(caller, box, f"f{{number}}", slow(number)))))
    await ready.acquire()
for number in range(8):
    go[number].set()
    if {how == "one after the other"}:
        await tasks[number]
done = await asyncio.gather(*tasks)
more = await refused(service.write(caller, box, "small", pieces(b"x")))
files = await service.files(caller, box)
left = os.listdir(paths.current(os.environ).sandboxes + "/" + box + "/incoming")
return [sum(one.size for one in files), sorted(set(done)), more, left]
""",
        "sandbox=1_000_000",
    )
    size, done, more, left = found
    assert size < 1_000_000
    assert (done, more, left) == (["done", "too_large"], "done", [])


def test_a_folder_is_packed(user: User) -> None:
    found = core(
        user,
        """
import io, tarfile
box = await named(service, path="a/b.txt", content=b"12")
data = b"".join([piece async for piece in service.pack(caller, box, "a")])
with tarfile.open(fileobj=io.BytesIO(data)) as archive:
    names = [[each.name, archive.extractfile(each).read().decode()] for each in archive]
def held():
    leads = ["/proc/self/fd/" + name for name in os.listdir("/proc/self/fd")]
    return [each for each in leads if box + "/work" in os.path.realpath(each)]
pieces = service.pack(caller, box)
await anext(pieces)
some = len(held())
await pieces.aclose()
refusals = [await refused(anext(service.pack(caller, box, "none"))), await refused(anext(service.pack(bob, box)))]
return [names, refusals, some > 0, held()]
""",
    )
    assert found == [[["b.txt", "12"]], ["not_found", "sandbox_not_found"], True, []]


def test_a_fork_has_the_files_and_what_was_asked_for_and_goes_its_own_way(user: User) -> None:
    found = core(
        user,
        """
before = {each.id for each in await service.sandboxes(ann, active=True)}
box = await named(service, content=b"old", who=ann, language="python", limits={"memory": "200MiB"}, agent="x")
one = await service.fork(ann, box)
await service.write(ann, box, "main.py", pieces(b"new"))
text = os.read((await service.read(ann, one.id, "main.py"))[1], 9).decode()
bad = await refused(service.fork(bob, box))
busy = await service.submit(ann, box, Program(command="sleep 60"))
held = [await refused(act) for act in (service.fork(ann, box), service.snapshot(ann, box, "s"))]
waits = asyncio.create_task(service.fork(ann, box, wait=True))
await asyncio.sleep(0.2)
early = waits.done()
await service.cancel(ann, busy.id)
two = await waits
facts = [[each.parent == box, each.language, each.limits, each.agent, each.owner, each.status] for each in (one, two)]
return [text, bad, held, early, facts, sorted(each.id for each in await service.sandboxes(ann, active=True))
        == sorted({box, one.id, two.id} | before),
        os.read((await service.read(ann, two.id, "main.py"))[1], 9).decode()]
""",
    )
    facts = [True, "python", {"memory": "200MiB"}, "x", "ann", "created"]
    assert found == ["old", "sandbox_not_found", ["sandbox_busy"] * 2, False, [facts, facts], True, "new"]


def test_snapshots_are_gone_back_to(user: User) -> None:
    found = core(
        user,
        """
box = await named(service, content=b"one")
async def text():
    return os.read((await service.read(caller, box, "main.py"))[1], 9).decode()
async def put(data):
    await service.write(caller, box, "main.py", pieces(data))
first = await service.snapshot(caller, box, "first")
await put(b"two")
await service.snapshot(caller, box, "second")
names = [each.name for each in await service.snapshots(caller, box)]
await put(b"three")
texts = []
for name in ("first", "second", "first"):
    await service.restore(caller, box, name)
    texts.append(await text())
run = await ran(service, box, command="cat main.py; chmod 000 /sandbox")
await service.snapshot(caller, box, "second")
await service.restore(caller, box, "second")
texts.append(await text())
bad = {await refused(service.snapshot(caller, box, name)) for name in ("", "../x", ".new-x", "x" * 65, "a/b")}
missing = [await refused(act(caller, box, "none")) for act in (service.restore, service.drop_snapshot)]
await service.drop_snapshot(caller, box, "first")
left = [each.name for each in await service.snapshots(caller, box)]
return [first.files, first.size > 0, names, texts, run.outcome["stdout"], sorted(bad), missing, left,
        os.listdir(paths.current(os.environ).data + "/waste")]
""",
    )
    assert found == [
        1, True, ["second", "first"], ["one", "two", "one", "one"], "one", ["bad_name"], ["snapshot_not_found"] * 2,
        ["second"], [],
    ]  # fmt: skip


def test_snapshots_have_a_bound(user: User) -> None:
    found = core(
        user,
        """
box = await named(service, content=b"x" * 300_000)
done = [await refused(service.snapshot(caller, box, name)) for name in ("a", "b", "c", "d", "a")]
return [done, sorted(each.name for each in await service.snapshots(caller, box))]
""",
        "sandbox=1_000_000",
    )
    assert found == [["done", "done", "done", "too_large", "done"], ["a", "b", "c"]]


@pytest.mark.attack
def test_snapshots_that_take_no_bytes_have_a_bound_too(user: User) -> None:
    found = core(
        user,
        """
from jhansi_runner.runner.sandboxes import snapshots
snapshots.MOST, snapshots.MOST_FILES = 3, 10
box, many = await named(service), await named(service)
few = [await refused(service.snapshot(caller, box, f"s{number}")) for number in range(5)]
for number in range(4):
    await service.write(caller, many, f"f{number}", pieces())
files = [await refused(service.snapshot(caller, many, name)) for name in ("a", "b", "c", "a")]
return [few, files, sorted(one.name for one in await service.snapshots(caller, many)), os.listdir(
    paths.current(os.environ).sandboxes + "/" + many + "/incoming")]
""",
    )
    assert found == [[*["done"] * 3, "too_large", "too_large"], ["done", "done", "too_large", "done"], ["a", "b"], []]
