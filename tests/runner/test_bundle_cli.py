"""The commands about bundles, as processes of their own: what they do and what they say."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support import forged
from support.bundles import KEY, World
from support.homes import MAIN, Home, home_in
from support.team import Team


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def sender(world: World, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that fetched something, and has the keys `k`."""
    home = home_in(tmp_path_factory.mktemp("homes") / "sender", world.side("x").policy)
    world.fetch(home.side(world.side("x").policy), 0, 1)
    assert home.run("keygen", str(home.folder / "k")).code == 0
    return home


@pytest.fixture
def receiver(world: World, sender: Home, tmp_path: Path) -> Home:
    """An empty home, in which the sender's key counts."""
    home = home_in(tmp_path / "receiver", world.side("x").policy)
    (home.folder / "keys").mkdir()
    (home.folder / "keys" / "sender.pub").write_bytes((sender.folder / "k.pub").read_bytes())
    return home


def test_keygen_makes_a_pair_and_overwrites_none(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home", "")
    name = str(tmp_path / "ann")
    done = home.run("keygen", name, JHANSI_KEY_PASSWORD="open sesame")  # noqa: S106
    assert (done.code, done.said) == (0, "")
    assert Path(f"{name}.key").stat().st_mode & 0o777 == 0o600
    before = Path(f"{name}.key").read_bytes()
    again = home.run("keygen", name)
    assert (again.code, Path(f"{name}.key").read_bytes()) == (125, before)
    assert "is there already" in again.said
    words = ("export", str(tmp_path / "b"), "--key", f"{name}.key")
    wrong = home.run(*words, JHANSI_KEY_PASSWORD="open barley")  # noqa: S106
    assert wrong.code == 125
    assert "wrong password" in wrong.said


def test_the_password_is_asked_on_a_terminal(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home", "")
    env = {name: value for name, value in home.env.items() if name != "JHANSI_KEY_PASSWORD"}
    argv = [sys.executable, "-P", "-c", MAIN, "cache", "keygen", str(tmp_path / "ann")]
    without = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (without.returncode, "run this on a terminal" in without.stderr) == (125, True)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(argv, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    heard = b""
    for answer in (b"pw\n", b"pw\n"):
        while not heard.endswith(b": "):
            heard += os.read(ours, 1024)
        os.write(ours, answer)
        heard = b""
    assert process.wait(60) == 0
    os.close(ours)
    exported = home.run("export", str(tmp_path / "b"), "--key", str(tmp_path / "ann.key"))
    assert "wrong password" in exported.said


def test_there_and_back(world: World, sender: Home, receiver: Home, tmp_path: Path) -> None:
    file = str(tmp_path / "b.tar")
    sent = sender.run("export", file, "--key", str(sender.folder / "k.key"), "--json")
    assert (sent.code, sent.said) == (0, "")
    assert sent.json["files"] == [file]
    assert not sent.json["refused"]
    told = receiver.run("import", file, "--dry-run", "--json")
    assert told.json["new"]["artifacts"] == sent.json["artifacts"]
    came = receiver.run("import", file)
    assert came.code == 0
    assert f"came: {sent.json['artifacts']} artifacts, {sent.json['documents']} documents" in came.out
    assert sent.json["bundle"] in came.out
    assert receiver.run("import", file, "--json").json["new"] == {"artifacts": 0, "artifacts_bytes": 0, "documents": 0}
    assert receiver.run("verify").code == 0
    assert set(world.offline(receiver.side(world.side("x").policy))["npm"]) == {"1.0.0", "1.1.0"}


def test_refusals_say_what_is_wrong_and_what_next(sender: Home, receiver: Home, tmp_path: Path) -> None:
    file, key = str(tmp_path / "b.tar"), str(sender.folder / "k.key")
    assert sender.run("export", file, "--key", key).code == 0
    cases = [
        (sender.run("export", file, "--key", key), "is there already"),
        (sender.run("export", str(tmp_path / "no" / "b"), "--key", key), "there is no folder"),
        (sender.run("export", str(tmp_path / "c"), "--key", str(sender.folder / "k.pub")), "no secret key"),
        (sender.run("export", str(tmp_path / "c"), "--key", "absent"), "cannot be read"),
        (sender.run("export", str(tmp_path / "c"), "--key", key, "--volume-size", "1KB"), "at least 1MiB"),
        (sender.run("export", str(tmp_path / "c"), "--key", key, "--since", "absent"), "no bundle of this name"),
        (sender.run("export", str(tmp_path / "c"), "--key", key, "--only", "absent"), "nothing was exported"),
        (sender.run("export", str(tmp_path / "c"), "--key", key, SOURCE_DATE_EPOCH="noon"), "SOURCE_DATE_EPOCH"),
        (sender.run("import", file), "no public key counts here"),
        (receiver.run("import", str(tmp_path / "absent")), "no bundle of this name"),
        (receiver.run("import", str(tmp_path)), "directory"),
        (receiver.run("import", key), "it is no bundle"),
        (receiver.run("import", file, "--key", key), "no public key"),
        (receiver.run("import", file, JHANSI_CACHE_LIMIT="much"), "JHANSI_CACHE_LIMIT"),
    ]
    for done, words in cases:
        assert (done.code, done.out) == (125, "")
        assert words in done.said
        assert "Traceback" not in done.said
    assert [one.name for one in tmp_path.iterdir() if one.name != "receiver"] == ["b.tar"]
    Path(file).write_bytes(Path(file).read_bytes()[:-1])
    done = receiver.run("import", file)
    assert (done.code, "is cut" in done.said) == (125, True)


def test_a_page_takes_the_place_of_a_link(sender: Home, receiver: Home, tmp_path: Path) -> None:
    file, page, other = str(tmp_path / "b.tar"), tmp_path / "page.html", tmp_path / "other"
    assert sender.run("export", file, "--key", str(sender.folder / "k.key")).code == 0
    other.write_text("kept")
    page.symlink_to(other)
    assert receiver.run("review", file, "--html", str(page)).code == 0
    assert other.read_text() == "kept", "a medium may hold a link"
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_what_either_side_keeps_out_is_told_with_its_rule(sender: Home, receiver: Home, tmp_path: Path) -> None:
    file, policy = str(tmp_path / "b.tar"), tmp_path / "policy.yaml"
    rules = "rules:\n  - deny: pkg:npm/demo\n    versions: '1.0.0'\n    reason: it mines coins\n"
    text = (sender.folder / "policy.yaml").read_text()
    line = text.count("\n") + 2
    policy.write_text(text + rules)
    sent = sender.run("export", file, "--key", str(sender.folder / "k.key"), "--policy", str(policy))
    assert "stays here: pkg:npm/demo@1.0.0 is denied" in sent.out
    assert f"policy.yaml:{line}): it mines coins" in sent.out
    policy.write_text(text.replace("/simple/", "/other/").replace("default: allow", "default: deny"))
    came = receiver.run("import", file, "--policy", str(policy))
    assert came.code == 0
    assert "refused by the policy of this side: pkg:golang/example.test/demo@v1.0.0 is denied" in came.out
    assert "came: 0 artifacts, " in came.out
    assert "is served here: the policy does not say `upstream: http://127.0.0.1:" in came.out
    assert "nothing from the public" not in came.out
    data = receiver.run("import", file, "--policy", str(policy), "--json").json
    assert {one["code"] for one in data["refused"]} == {"JR-DENY-DEFAULT"}
    assert [one.partition("@")[0] for one in data["upstreams_missing"]] == ["pypi"]


def test_a_limit_that_is_too_low_is_told(sender: Home, receiver: Home, tmp_path: Path) -> None:
    file = str(tmp_path / "b.tar")
    sender.run("export", file, "--key", str(sender.folder / "k.key"))
    done = receiver.run("import", file, JHANSI_CACHE_LIMIT="1KB")
    assert done.code == 0
    assert "more than its limit of 1" in done.out
    assert "limit" not in receiver.run("import", file, JHANSI_CACHE_LIMIT="1GB").out


def test_a_mirror_that_serves_meanwhile_sees_what_came(
    world: World, sender: Home, receiver: Home, tmp_path: Path
) -> None:
    """It remembers documents and artifacts: what is there of an older bundle, and that there was nothing."""
    key = str(sender.folder / "k.key")
    first, second = str(tmp_path / "1.tar"), str(tmp_path / "2.tar")
    sender.run("export", first, "--key", key, "--only", "pkg:*@*1.0.0")
    assert sender.run("export", second, "--key", key).code == 0
    with Team(receiver.folder, "", "--offline") as team:
        for case in world.cases:
            assert team.get(case.listing, Accept=case.accept).status == 404
        for file, count in ((first, 1), (second, 2)):
            assert receiver.run("import", file).code == 0
            for case in world.cases:
                said = team.get(case.listing, Accept=case.accept)
                assert said.status == 200
                assert case.listed(said.body) == list(case.versions[:count])
                assert team.get(case.file(case.versions[count - 1])).status == 200


def test_a_document_that_a_mirror_remembers_is_replaced(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home", forged.side(tmp_path).policy)
    (home.folder / "keys").mkdir()
    (home.folder / "keys" / "k.pub").write_bytes(KEY.public.text)
    made = []
    for number, version in enumerate(("1.0", "2.0")):
        line = forged.artifact_line(version=version)
        name = line.artifact.filename
        link = f'<a href="http://127.0.0.1:9/{name}#sha256={line.sha256}">{name}</a>'
        body = f"<!DOCTYPE html>{link}".encode()
        lines = (line, forged.document_line(content=body, fetched=forged.THEN + number))
        contents = [("artifacts", forged.CONTENT), ("documents", body)]
        made.append(forged.write(tmp_path / version, forged.pieces(forged.manifest(lines), contents)))
    with Team(home.folder, "", "--offline") as team:
        for made_file, version in zip(made, ("1.0", "2.0"), strict=True):
            assert home.run("import", str(made_file)).code == 0
            assert f"demo-{version}-py3".encode() in team.get("/pypi/simple/demo/").body
