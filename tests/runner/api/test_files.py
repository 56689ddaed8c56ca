"""Files over HTTP: as parts of a form, as JSON, as they are; and archives."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import socket
import tarfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from jhansi_runner.runner.api import operation
from jhansi_runner.runner.sandboxes import tree
from jhansi_runner.runner.sandboxes.threads import THREADS_EACH
from support.api import UPLOAD, Answer, Serving
from support.user import wait_for

_TYPE = {"Content-Type": "multipart/form-data; boundary=XX"}


def _form(*parts: tuple[str, str, bytes]) -> bytes:
    """A form of parts: the name, the filename or "", and what is in it."""
    found = b""
    for name, filename, data in parts:
        more = f'; filename="{filename}"' if filename else ""
        found += f'--XX\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + data + b"\r\n"
    return found + b"--XX--\r\n"


def _add(server: Serving, sandbox: str, *parts: tuple[str, str, bytes]) -> Answer:
    return server.ask("POST", f"/v1/sandboxes/{sandbox}/files", _form(*parts), _TYPE)


def _read(server: Serving, sandbox: str, path: str) -> bytes:
    answer = server.ask("GET", f"/v1/sandboxes/{sandbox}/files/{path}")
    assert answer.status == 200, answer
    return answer.body


def test_a_form_writes_files_where_their_names_say(server: Serving) -> None:
    sandbox = server.sandbox()
    whole = bytes(range(256)) * 100
    answer = _add(
        server, sandbox, ("file", "main.py", b"print(1)"), ("more", "pkg/a b.bin", whole), ("x", "empty", b"")
    )
    assert answer.status == 201 and answer.json["filename"] == "main.py"
    assert [each["path"] for each in answer.json["files"]] == ["main.py", "pkg/a b.bin", "empty"]
    assert [each["size"] for each in answer.json["files"]] == [8, len(whole), 0]
    assert _read(server, sandbox, "pkg/a%20b.bin") == whole and _read(server, sandbox, "empty") == b""


def test_a_form_may_name_a_folder_first(server: Serving) -> None:
    sandbox = server.sandbox()
    assert _add(server, sandbox, ("path", "", b"src"), ("file", "a.py", b"1")).json["filename"] == "src/a.py"
    late = _add(server, sandbox, ("file", "a.py", b"1"), ("path", "", b"src"))
    assert late.status == 400 and "before the files" in late.json["error"]["hint"]


@pytest.mark.parametrize("where", ["files", "upload"])
def test_a_form_names_one_folder(server: Serving, where: str) -> None:
    sandbox = server.sandbox()
    body = _form(("path", "", b"one"), ("path", "", b"other"), ("file", "a.zip", _zip("a.py")))
    answer = server.ask("POST", f"/v1/sandboxes/{sandbox}/{where}", body, _TYPE)
    assert answer.status == 400 and "twice" in answer.json["error"]["message"]
    assert server.ask("GET", f"/v1/sandboxes/{sandbox}/files").json == []


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", _TYPE),
        (b"--XX--\r\n", _TYPE),
        (_form(("file", "a", b"1"))[:-8], _TYPE),
        (b"no form at all", _TYPE),
        (_form(("other", "", b"1")), _TYPE),
        (_form(("file", "../a", b"1")), _TYPE),
        (_form(("file", "/etc/a", b"1")), _TYPE),
        (_form(("path", "", b"../.."), ("file", "a", b"1")), _TYPE),
        (_form(("path", "", b"\xff"), ("file", "a", b"1")), _TYPE),
        (b'--XX\r\nContent-Disposition: form-data; name="f"; filename="\xff"\r\n\r\n1\r\n--XX--\r\n', _TYPE),
        (b"--XX\r\nX: y\r\n\r\n1\r\n--XX--\r\n", _TYPE),
        (b"--XX\r\n" + b"X: y\r\n" * 1000 + b"\r\n1\r\n--XX--\r\n", _TYPE),
        (b"--XX\r\nX: " + b"y" * 100_000 + b"\r\n\r\n1\r\n--XX--\r\n", _TYPE),
        (_form(("file", "a", b"1")), {"Content-Type": "multipart/form-data"}),
        (_form(("file", "a", b"1")), {"Content-Type": "multipart/form-data; boundary=" + "X" * 300}),
        ({"path": "a"}, {}),
        ({"path": "a", "content": "1", "content_base64": "MQ=="}, {}),
        ({"path": "a", "content_base64": "?"}, {}),
        ({"path": "../a", "content": "1"}, {}),
        ({"path": "a\0b", "content": "1"}, {}),
        ({"path": "", "content": "1"}, {}),
        ({"files": []}, {}),
        ({"files": [{"path": "a"}]}, {}),
        ({"files": [{"path": "a", "content": "1"}], "more": 1}, {}),
    ],
)
def test_what_is_no_file_is_refused_and_nothing_is_written(server: Serving, body: Any, headers: dict[str, str]) -> None:
    sandbox = server.sandbox()
    answer = server.ask("POST", f"/v1/sandboxes/{sandbox}/files", body, headers)
    assert 400 <= answer.status < 500 and answer.code
    assert server.ask("GET", f"/v1/sandboxes/{sandbox}/files?deep=true").json == []


def test_json_writes_one_file_or_many(server: Serving) -> None:
    sandbox = server.sandbox()
    url = f"/v1/sandboxes/{sandbox}/files"
    one = server.ask("POST", url, {"path": "a.sh", "content": "ü", "executable": True})
    assert one.status == 201 and one.json["files"][0]["executable"] and one.json["files"][0]["size"] == 2
    encoded = base64.b64encode(b"\0\xff").decode()
    files = [{"path": "b/c", "content_base64": encoded}, {"path": "b/d", "content": ""}]
    many = server.ask("POST", url, {"files": files}, {"Content-Type": "application/x-www-form-urlencoded"})
    assert many.status == 201 and many.json["filename"] == "b/c"
    assert _read(server, sandbox, "b/c") == b"\0\xff"
    assert [each["path"] for each in server.ask("GET", url).json] == ["a.sh", "b"]
    assert [each["path"] for each in server.ask("GET", url + "?deep=true").json] == ["a.sh", "b", "b/c", "b/d"]
    assert [each["kind"] for each in server.ask("GET", url + "/b").json] == ["file", "file"]


def test_a_body_as_it_is_writes_a_file(server: Serving) -> None:
    sandbox = server.sandbox()
    url = f"/v1/sandboxes/{sandbox}/files/folder/%C3%BC%20%3F.txt"
    assert server.ask("PUT", url, b"\0" * 200_000).json["filename"] == "folder/ü ?.txt"
    answer = server.ask("GET", url)
    assert answer.body == b"\0" * 200_000 and answer.headers["content-length"] == "200000"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (
        answer.headers["content-disposition"] == "attachment" and answer.headers["x-content-type-options"] == "nosniff"
    )
    head = server.ask("HEAD", url)
    assert head.headers["content-length"] == "200000" and head.body == b""
    assert server.ask("DELETE", url).status == 204
    assert server.ask("GET", url).status == 404 and server.ask("DELETE", url).status == 404


def test_a_part_of_a_file_can_be_read(server: Serving) -> None:
    sandbox = server.sandbox()
    url = f"/v1/sandboxes/{sandbox}/files/a"
    server.ask("PUT", url, b"0123456789")
    part = server.ask("GET", url, headers={"Range": "bytes=2-4"})
    assert part.status == 206 and part.body == b"234" and part.headers["content-range"] == "bytes 2-4/10"
    assert server.ask("GET", url, headers={"Range": "bytes=10-"}).status == 416
    assert server.ask("GET", url, headers={"Range": "bytes=1-2,4-5"}).body == b"0123456789"


@pytest.mark.parametrize("path", ["..%2f..%2fx", "a/../../x", "%00", "%FF", "a%00b", ".", "a//b/../../..", ""])
def test_paths_that_lead_out_are_refused(server: Serving, path: str) -> None:
    sandbox = server.sandbox()
    for method in ("GET", "PUT", "DELETE"):
        answer = server.ask(method, f"/v1/sandboxes/{sandbox}/files/{path}", b"x" if method == "PUT" else None)
        assert 400 <= answer.status < 500 and answer.code


@pytest.mark.attack
@pytest.mark.parametrize(
    "at", ["/v1/sandboxes/{}%2Ffiles/x/a", "/v1%2fsandboxes/{}/files/x/a", "/v1/sandboxes/{}/files%2Fx/a"]
)
def test_a_path_that_can_be_read_in_two_ways_names_nothing(server: Serving, at: str) -> None:
    """Once unpacked it is `x/a`, cut as it was sent it is `a`."""
    sandbox = server.sandbox()
    for path in ("a", "x/a"):
        assert server.ask("PUT", f"/v1/sandboxes/{sandbox}/files/{path}", b"x").status == 201
    assert server.ask("DELETE", at.format(sandbox)).code in ("bad_request", "no_such_path")
    assert [one["path"] for one in server.ask("GET", f"/v1/sandboxes/{sandbox}/files?deep=true").json] == [
        "a",
        "x",
        "x/a",
    ]


def test_more_than_is_allowed_is_refused_and_nothing_stays(server: Serving) -> None:
    sandbox = server.sandbox()
    url, much = f"/v1/sandboxes/{sandbox}/files", b"x" * (UPLOAD + 1)
    assert server.ask("PUT", f"{url}/a", much).status == 413
    assert server.ask("PUT", f"{url}/a", iter([much])).status == 413
    assert _add(server, sandbox, ("file", "a", much)).status == 413
    assert server.ask("POST", f"/v1/sandboxes/{sandbox}/upload", much).status == 413
    assert server.ask("GET", url).json == []


def _zip(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return data.getvalue()


def _tar(*names: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    return data.getvalue()


@pytest.mark.parametrize("archive", [_zip("a.py", "b/c.py"), _tar("a.py", "b/c.py")])
def test_archives_are_unpacked_from_a_form_or_as_they_are(server: Serving, archive: bytes) -> None:
    for body, headers in [(archive, {}), (_form(("file", "p.zip", archive)), _TYPE)]:
        sandbox = server.sandbox()
        answer = server.ask("POST", f"/v1/sandboxes/{sandbox}/upload?path=src", body, headers)
        assert answer.status == 201 and answer.json["status"] == "uploaded"
        assert {"src/a.py", "src/b/c.py"} <= set(answer.json["files"])
        assert server.ask("GET", f"/v1/sandboxes/{sandbox}/files/src/b/c.py").status == 200


@pytest.mark.attack
@pytest.mark.parametrize("archive", [_zip("a", "../b"), _zip("/a"), _tar("../a"), b"no archive", b"", _zip("a")[:-5]])
def test_archives_that_lead_out_or_are_none_are_refused_whole(server: Serving, archive: bytes) -> None:
    sandbox = server.sandbox()
    answer = server.ask("POST", f"/v1/sandboxes/{sandbox}/upload", _form(("file", "p.zip", archive)), _TYPE)
    assert 400 <= answer.status < 500 and answer.code
    assert server.ask("GET", f"/v1/sandboxes/{sandbox}/files").json == []


def test_copies_are_made_and_restored(server: Serving) -> None:
    sandbox = server.sandbox()
    root = f"/v1/sandboxes/{sandbox}"
    server.ask("PUT", f"{root}/files/a", b"1")
    made = server.ask("POST", f"{root}/snapshot", {"name": "before"})
    assert made.status == 201 and made.json["name"] == "before" and made.json["sandbox_id"] == sandbox
    assert server.ask("GET", f"{root}/snapshots").json == [made.json]
    fork = server.ask("POST", f"{root}/fork")
    assert fork.status == 201 and fork.json["parent"] == sandbox
    server.ask("PUT", f"{root}/files/a", b"2")
    assert _read(server, fork.json["id"], "a") == b"1"
    restored = server.ask("POST", f"{root}/restore", {"name": "before"})
    assert restored.status == 200 and restored.json["id"] == sandbox and _read(server, sandbox, "a") == b"1"
    assert server.ask("DELETE", f"{root}/snapshots/before").status == 204
    assert server.ask("DELETE", f"{root}/snapshots/before").status == 404
    assert server.ask("POST", f"{root}/restore", {"name": "before"}).status == 404
    assert server.ask("POST", f"{root}/snapshot", {"name": "../x"}).status == 400


def test_descriptors_of_files_are_closed_whoever_stops_reading(server: Serving) -> None:
    sandbox = server.sandbox()
    url = f"/v1/sandboxes/{sandbox}/files/a"
    server.ask("PUT", url, b"x" * 1_000_000)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        server.ask("HEAD", url)
        server.ask("GET", url, headers={"Range": "bytes=99999999-"})
        with server.connect() as end:
            end.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    wait_for(lambda: len(os.listdir("/proc/self/fd")) <= before + 3)


def test_head_of_what_goes_on_ends(server: Serving) -> None:
    sandbox = server.sandbox()
    run = server.ask("POST", f"/v1/sandboxes/{sandbox}/exec", {"command": "sleep", "detach": True}).json["id"]
    assert server.ask("HEAD", f"/v1/runs/{run}/events").status == 200


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["files", "upload"])
def test_bodies_that_have_to_be_whole_are_few_at_once_and_nobody_elses_wait(server: Serving, kind: str) -> None:
    token = {"Authorization": f"Bearer {server.token(f'greedy-{kind}')}"}
    mine, other = server.sandbox(token), server.sandbox()
    media = "application/json" if kind == "files" else "application/octet-stream"
    head = f"POST /v1/sandboxes/{mine}/{kind} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media}\r\n"
    head += f"Authorization: {token['Authorization']}\r\nContent-Length: 900000\r\n\r\n"
    ends = [server.connect() for _ in range(operation.WHOLE_EACH + 12)]
    left = {end: head.encode() + b" " * 600_000 for end in ends}
    try:
        wait_for(lambda: push(left) >= operation.WHOLE_EACH)
        for _ in range(20):
            push(left)
            time.sleep(0.05)
        waiting = [end for end in ends if left[end]]
        assert len(ends) - len(waiting) == operation.WHOLE_EACH
        assert server.ask("GET", "/v1/sandboxes", None, token).status == 200
        body = {"path": "x", "content": "y"} if kind == "files" else _zip("x")
        assert server.ask("POST", f"/v1/sandboxes/{other}/{kind}", body).status == 201
        for end in ends:
            if end not in waiting:
                end.close()
                del left[end]
        wait_for(lambda: push(left) == operation.WHOLE_EACH)
    finally:
        for end in ends:
            end.close()


@pytest.mark.attack
def test_what_takes_long_for_one_owner_is_nobody_elses_to_wait_for(
    server: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = {"Authorization": f"Bearer {server.token('takes-long')}"}
    mine, other = server.sandbox(token), server.sandbox()
    go_on, room, waiting = threading.Event(), tree.room, list[int]()

    def slow(work: int, most: int) -> int:
        if mine in os.readlink(f"/proc/self/fd/{work}"):
            waiting.append(work)
            assert go_on.wait(20)
        return room(work, most)

    monkeypatch.setattr(tree, "room", slow)
    with ThreadPoolExecutor(60) as pool:
        slowly = [
            pool.submit(server.ask, "PUT", f"/v1/sandboxes/{mine}/files/{number}", b"x", token) for number in range(60)
        ]
        try:
            wait_for(lambda: len(waiting) >= THREADS_EACH)
            assert server.ask("PUT", f"/v1/sandboxes/{other}/files/x", b"x").status == 201
            assert len(waiting) == THREADS_EACH
        finally:
            go_on.set()
        assert {each.result().status for each in slowly} == {201}


def push(left: dict[socket.socket, bytes]) -> int:
    """Send what is left to be sent as far as it is taken; how many have sent all."""
    for end in left:
        end.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while left[end]:
                left[end] = left[end][end.send(left[end][:50_000]) :]
    return sum(not data for data in left.values())
