"""Claims about the honest answers of the test upstream."""

from __future__ import annotations

import http.client
import json
import urllib.parse
import urllib.request

import pytest

from support.registry import Dialect, Fault, Request, Upstream
from support.registry.pages import HTML, JSON, negotiate
from support.wheels import make_sdist, make_wheel

Answer = tuple[int, http.client.HTTPMessage, bytes]


def _ask(up: Upstream, path: str, method: str = "GET", *, files: bool = False, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", up.files_port if files else up.port, timeout=10)
    try:
        connection.request(method, path, headers={key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        (JSON, JSON),
        (f"{JSON}, {HTML};q=0.1, text/html;q=0.01", JSON),
        (f"{JSON};q=0.1, {HTML}", HTML),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (f"{JSON};q=0", None),
        ("image/png", None),
    ],
)
def test_the_client_gets_the_type_it_likes_best(accept: str | None, kind: str | None) -> None:
    assert negotiate(accept) == kind


def test_json_says_all_that_the_standards_know() -> None:
    with Upstream() as up:
        one = up.add(make_wheel("Demo", "1.0", requires_python=">=3.8"), upload_time="2021-05-06T07:08:09Z")
        two = up.add(make_sdist("demo", "1.1"), upload_time=None, yanked="broken")
        status, headers, body = _ask(up, "/simple/demo/", Accept=JSON)
    assert (status, headers["Content-Type"]) == (200, JSON)
    page = json.loads(body)
    assert (page["name"], page["versions"], page["meta"]) == ("demo", ["1.0", "1.1"], {"api-version": "1.1"})
    assert page["files"][0] == {
        "filename": "Demo-1.0-py3-none-any.whl",
        "url": f"http://127.0.0.1:{up.port}{one.path}",
        "hashes": {"sha256": one.file.sha256},
        "size": one.file.size,
        "requires-python": ">=3.8",
        "yanked": False,
        "core-metadata": one.metadata_mark,
        "upload-time": "2021-05-06T07:08:09Z",
    }
    assert page["files"][1]["yanked"] == "broken"
    assert page["files"][1]["core-metadata"] is False
    assert "upload-time" not in page["files"][1]
    assert one.file.sha256 not in two.path + one.path


def test_html_carries_marks_and_optional_dates() -> None:
    with Upstream(dialect=Dialect(html_dates=True, metadata_key="dist-info-metadata", relative_urls=True)) as up:
        one = up.add(make_wheel("demo", "1.0", requires_python=">=3.8"), yanked=True, metadata_hashes=False)
        _, headers, body = _ask(up, "/simple/demo/")
        page = urllib.parse.urljoin(up.url, "demo/")
        assert urllib.request.urlopen(urllib.parse.urljoin(page, f"../..{one.path}")).status == 200  # noqa: S310
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    expected = (
        f'<a href="../..{one.path}#sha256={one.file.sha256}" data-requires-python="&gt;=3.8" data-yanked="" '
        'data-dist-info-metadata="true" data-upload-time="2020-01-01T00:00:00.000000Z">'
        "demo-1.0-py3-none-any.whl</a>"
    )
    assert expected in body.decode()


def test_pages_redirect_to_the_canonical_name_and_miss_with_404() -> None:
    with Upstream() as up:
        up.add(make_wheel("my.Demo", "1.0"))
        assert _ask(up, "/simple/My_Demo")[1]["Location"] == "/simple/my-demo/"
        assert _ask(up, "/simple/other/")[0] == 404
        assert _ask(up, "/simple/my-demo/", Accept="image/png")[0] == 406
        assert json.loads(_ask(up, "/simple/", Accept=JSON)[2])["projects"] == [{"name": "my-demo"}]
        assert b'<a href="/simple/my-demo/">' in _ask(up, "/simple/")[2]
        assert _ask(up, "/simple/my-demo/", "PUT")[0] == 405
        assert up.count(lambda request: request.method == "PUT") == 1


def test_an_etag_gives_304_until_the_page_changes() -> None:
    with Upstream() as up:
        up.add(make_wheel("demo", "1.0"))
        etag = _ask(up, "/simple/demo/", Accept=JSON)[1]["ETag"]
        assert _ask(up, "/simple/demo/", Accept=JSON, If_None_Match=etag)[::2] == (304, b"")
        assert _ask(up, "/simple/demo/", Accept=HTML, If_None_Match=etag)[0] == 200
        up.add(make_wheel("demo", "1.0"), yanked=True)
        assert _ask(up, "/simple/demo/", Accept=JSON, If_None_Match=etag)[0] == 200
        assert up.count("/simple/demo/") == 4
        assert up.requests[1] == Request("GET", "/simple/demo/", up.requests[1].headers)
        assert up.requests[1].headers["if-none-match"] == etag


def test_files_answer_head_and_single_ranges() -> None:
    with Upstream() as up:
        one = up.add(make_wheel("demo", "1.0"))
        data = one.file.data
        status, headers, body = _ask(up, one.path, "HEAD")
        assert (status, headers["Content-Length"], body) == (200, str(len(data)), b"")
        assert headers["Accept-Ranges"] == "bytes"
        for wanted, part in [("2-5", data[2:6]), ("-7", data[-7:]), ("9-", data[9:]), ("0-999999", data)]:
            status, headers, body = _ask(up, one.path, Range=f"bytes={wanted}")
            assert (status, body) == (206, part)
        assert headers["Content-Range"] == f"bytes 0-{len(data) - 1}/{len(data)}"
        assert _ask(up, one.path, Range=f"bytes={len(data)}-")[0] == 416
        assert _ask(up, one.path, Range="bytes=0-1,3-4")[::2] == (200, data)
        assert _ask(up, one.path, Range="bytes=0-1", If_Range='"other"')[::2] == (200, data)
        assert _ask(up, one.path, If_None_Match=headers["ETag"])[0] == 304


def test_metadata_is_there_exactly_where_it_is_promised() -> None:
    with Upstream() as up:
        one = up.add(make_wheel("demo", "1.0"))
        two = up.add(make_wheel("demo", "2.0"), core_metadata=False)
        assert _ask(up, one.metadata_path)[::2] == (200, one.file.metadata)
        assert _ask(up, two.metadata_path)[0] == 404


def test_files_can_live_on_a_second_server() -> None:
    with Upstream(split_files=True) as up:
        one = up.add(make_wheel("demo", "1.0"))
        assert up.files_port != up.port
        url = json.loads(_ask(up, "/simple/demo/", Accept=JSON)[2])["files"][0]["url"]
        assert url == up.file_url(one) == f"http://127.0.0.1:{up.files_port}{one.path}"
        assert _ask(up, one.path, files=True)[::2] == (200, one.file.data)
        assert _ask(up, one.path)[0] == 404
        assert _ask(up, "/simple/demo/", files=True)[0] == 404
    with pytest.raises(ValueError, match="another server"):
        Upstream(split_files=True, dialect=Dialect(relative_urls=True))


def test_the_index_may_lie_about_hashes_and_files_may_vanish() -> None:
    with Upstream() as up:
        one = up.add(make_wheel("demo", "1.0"), hashes={})
        assert json.loads(_ask(up, "/simple/demo/", Accept=JSON)[2])["files"][0]["hashes"] == {}
        up.remove(one.file.filename)
        assert _ask(up, one.path)[0] == _ask(up, "/simple/demo/")[0] == 404


def test_stop_breaks_connections_and_start_brings_the_same_ports_back() -> None:
    with Upstream() as up:
        one = up.add_virtual("big-1.0-py3-none-any.whl", 64 << 20)
        port = up.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", one.path)
        answer = connection.getresponse()
        assert len(answer.read(1000)) == 1000
        up.stop()
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)), answer:
            answer.read()
        connection.close()
        with pytest.raises(ConnectionRefusedError):
            _ask(up, one.path)
        up.start()
        assert up.port == port
        assert _ask(up, one.path, "HEAD")[0] == 200


def test_a_huge_file_streams_with_the_digest_that_the_index_gives() -> None:
    size = 96 << 20
    with Upstream() as up:
        one = up.add_virtual("big-1.0.tar.gz", size, seed=5)
        status, headers, body = _ask(up, one.path)
        tail = _ask(up, one.path, Range="bytes=-10")[2]
    assert (status, headers["Content-Length"], len(body), tail) == (200, str(size), size, body[-10:])
    assert b"".join(one.file.content.read(size - 10)) == tail


def test_a_defect_of_the_upstream_itself_fails_the_test() -> None:
    def defective(_: Request) -> bool:
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError), Upstream() as up:
        up.fault(defective, Fault.empty())
        with pytest.raises(http.client.RemoteDisconnected):
            _ask(up, "/simple/")
