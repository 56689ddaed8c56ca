"""The pages over HTTP: who sees what, what every answer says to the browser, and that nothing of others' is markup."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from importlib import resources

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from jhansi_runner.runner import dashboard
from jhansi_runner.runner.api.app import OPERATIONS
from jhansi_runner.runner.api.whole import MADE_EACH
from jhansi_runner.runner.dashboard.guard import POLICY
from jhansi_runner.runner.dashboard.routes import routes
from jhansi_runner.runner.sandboxes.model import DELETED, RUNNING, Caller, Entry, Run, Snapshot
from support.dashboard import (
    BOX,
    HOSTILE,
    RUN,
    TOKENS,
    FakeService,
    Shown,
    Site,
    outcome,
    output,
    refusal,
    run,
    sandbox,
    site,
)

GOOD = "token-of-all"
ALL, ONE = ({"Authorization": f"Bearer token-of-{name}"} for name in ("all", "one"))
OPERATOR = Caller("operator", True)


def _shown() -> Shown:
    evil = {**refusal(HOSTILE), "reason": HOSTILE, "rule": HOSTILE, "code": HOSTILE}
    hostile = outcome(
        denied=[evil],
        notes=[HOSTILE],
        missing=[HOSTILE],
        planted=[HOSTILE],
        language=HOSTILE,
        installed=[{"name": HOSTILE, "version": HOSTILE, "purl": HOSTILE}],
        unlisted_imports=[{"import": HOSTILE, "file": HOSTILE, "line": 1, "reason": HOSTILE}],
    )
    return Shown(
        [sandbox(agent=HOSTILE, created_by=HOSTILE, language=HOSTILE, policy=HOSTILE, limits={HOSTILE: HOSTILE})],
        [run(program=HOSTILE, error=HOSTILE, kind=HOSTILE, outcome=hostile), run(1, state=RUNNING, ended_at=None)],
        [Entry(HOSTILE, HOSTILE, 5, 1e9)],
        [Snapshot(HOSTILE, BOX, 1e9, 1, 1)],
        [output(1, HOSTILE), output(2, HOSTILE, "stderr")],
        {"bomFormat": "CycloneDX"},
    )


@pytest.fixture(scope="module")
def one_site() -> Iterator[Site]:
    with site(_shown(), os.environ) as found:
        yield found


@pytest.fixture
def here(one_site: Site) -> Site:
    one_site.service.shown, one_site.service.tokens = _shown(), dict(TOKENS)
    return one_site


@pytest.fixture
def shown(here: Site) -> Shown:
    return here.service.shown


@pytest.fixture
def client(here: Site) -> Iterator[httpx.Client]:
    with _client(here) as found:
        yield found


def _client(here: Site) -> httpx.Client:
    return httpx.Client(base_url=here.url, trust_env=False, verify=False, timeout=60)  # noqa: S501  # there is no TLS


PAGES = ["/", "/sandboxes", f"/sandboxes/{BOX}", "/runs", f"/runs/{RUN}", f"/runs/run_{1:016x}", "/cache", "/policy"]
OTHERS = [f"/runs/{RUN}/log", f"/runs/{RUN}/sbom", "/runs/unknown", "/login", "/static/style.css", "/static/nothing"]


@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
def test_every_answer_binds_the_browser(client: httpx.Client, path: str) -> None:
    headers = client.get(path, headers=ALL).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == ("same-origin" if path == "/login" else "no-referrer")
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert path == "/static/style.css" or headers["cache-control"] == "no-store"


class Markup(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self.levels: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.scripts += [dict(attrs).get("src") or ""] if tag == "script" else []
        self.levels += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []


@pytest.mark.parametrize("path", PAGES)
def test_what_others_wrote_is_neither_markup_nor_hidden(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=ALL)
    assert answer.status_code == 200
    found = Markup()
    found.feed(answer.text)
    scripts = [one.partition("?")[0] for one in found.scripts]
    assert scripts in ([], ["/static/live.js"])
    assert not {name for name in found.attributes if name.startswith("on")} and "style" not in found.attributes
    assert "style" not in found.tags and "iframe" not in found.tags
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", answer.text)
    if path not in ("/cache", "/policy"):
        assert "&lt;script&gt;" in answer.text and "\\u202e" in answer.text


@pytest.mark.parametrize("path", [*PAGES, "/login", "/runs/unknown"])
def test_headings_are_in_order_and_pages_have_a_title(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=ALL)
    found = Markup()
    found.feed(answer.text)
    assert found.levels[0] == 1 and found.levels.count(1) == 1
    assert all(level <= before + 1 for before, level in zip(found.levels, found.levels[1:], strict=False))
    assert re.search(r"<title>\S.* · jhansi-runner</title>", answer.text) and '<html lang="en">' in answer.text


def test_who_is_not_known_is_asked_to_sign_in_and_comes_back(client: httpx.Client) -> None:
    answer = client.get(f"/runs/{RUN}")
    assert answer.status_code == 303 and answer.headers["location"] == f"/login?next=/runs/{RUN}"
    form = client.get(answer.headers["location"]).text
    assert f'name="next" value="/runs/{RUN}"' in form


def test_the_next_page_is_never_elsewhere(client: httpx.Client) -> None:
    assert 'value="/"' in client.get("/login?next=https://evil.test/").text
    answer = _sign_in(client, next="//evil.test")
    assert answer.headers["location"] == "/"


def _sign_in(client: httpx.Client, token: str = GOOD, **more: str) -> httpx.Response:
    return client.post("/login", data={"token": token, **more}, headers={"Sec-Fetch-Site": "same-origin"})


def test_a_token_becomes_a_cookie_that_is_not_the_token(client: httpx.Client) -> None:
    answer = _sign_in(client, next=f"/runs/{RUN}")
    assert answer.status_code == 303 and answer.headers["location"] == f"/runs/{RUN}"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("jhansi_session=") and "token-of-all" not in cookie
    assert re.search("httponly", cookie, re.I) and re.search("samesite=strict", cookie, re.I)
    assert "Path=/;" in cookie + ";" and "Max-Age=43200" in cookie and "Domain" not in cookie
    assert "secure" not in cookie.lower()
    page = client.get("/")
    assert page.status_code == 200 and "Sign out" in page.text


def test_over_tls_the_cookie_is_for_tls_alone() -> None:
    async def nobody(request: Request) -> None:
        del request

    async def sign_in() -> str:
        app = Starlette(routes=routes(FakeService(Shown()), nobody, {}, asyncio.Event()))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://runner.test") as client:
            headers = {"Origin": "https://runner.test"}
            answer = await client.post("/login", data={"token": GOOD}, headers=headers)
        return answer.headers["set-cookie"]

    assert "; Secure" in asyncio.run(sign_in())


def test_signing_out_ends_the_session_and_not_just_the_cookie(client: httpx.Client) -> None:
    _sign_in(client)
    cookie = client.cookies["jhansi_session"]
    answer = client.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303 and 'jhansi_session=""; ' in answer.headers["set-cookie"]
    assert client.get("/", headers={"Cookie": f"jhansi_session={cookie}"}).status_code == 303


def test_a_new_session_ends_the_one_before(client: httpx.Client, here: Site) -> None:
    _sign_in(client)
    cookie = client.cookies["jhansi_session"]
    _sign_in(client)
    assert client.cookies["jhansi_session"] != cookie
    with _client(here) as other:
        assert other.get("/", headers={"Cookie": f"jhansi_session={cookie}"}).status_code == 303


def test_a_session_ends_with_its_token(client: httpx.Client, here: Site) -> None:
    _sign_in(client)
    assert client.get("/").status_code == 200
    del here.service.tokens["token-of-all"]
    assert client.get("/").status_code == 303
    assert client.get(f"/runs/{RUN}/events").status_code == 401


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}, {}])
def test_nobody_is_signed_in_or_out_from_elsewhere(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.post("/login", data={"token": "token-of-all"}, headers=headers)
    assert answer.status_code == 403 and "set-cookie" not in answer.headers
    if headers:
        _sign_in(client)
        assert client.post("/logout", headers=headers).status_code == 403
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"token=" + b"a" * 5000, "application/x-www-form-urlencoded"),
        (b'{"token": "token-of-all"}', "application/json"),
        (b"token=\xff", "application/x-www-form-urlencoded"),
        (b"&".join([b"token=a"] * 50), "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_form_of_ours_signs_nobody_in(client: httpx.Client, body: bytes, kind: str) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": kind}
    answer = client.post("/login", content=body, headers=headers)
    assert answer.status_code in (400, 403) and "set-cookie" not in answer.headers


def test_guesses_are_slowed_down() -> None:
    with site(_shown(), os.environ) as here, _client(here) as client:
        assert {_sign_in(client, "guess").status_code for _ in range(10)} == {403}
        answer = _sign_in(client)
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) <= 60


def test_a_page_of_somebody_else_is_as_one_that_never_was(client: httpx.Client) -> None:
    for path in (f"/sandboxes/{BOX}", f"/runs/{RUN}", f"/runs/{RUN}/log", f"/runs/{RUN}/sbom", f"/runs/{RUN}/events"):
        assert client.get(path, headers=ONE).status_code == 404, path
    page = client.get("/", headers=ONE)
    assert page.status_code == 200 and BOX not in page.text and RUN not in page.text


@pytest.mark.attack
@pytest.mark.parametrize("page", [f"/runs/{RUN}", f"/runs/{RUN}/events"])
def test_few_pages_of_one_owner_are_made_at_once(here: Site, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    made: list[int] = []
    under_way = Counter[str]()

    async def slow(caller: Caller, run: str) -> Run:
        under_way[caller.name] += 1
        made.append(under_way[caller.name])
        await asyncio.sleep(0.05)
        under_way[caller.name] -= 1
        return await FakeService.run(here.service, caller, run)

    monkeypatch.setattr(here.service, "run", slow)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: httpx.head(here.url + page, headers=ALL).status_code, range(12)))
    assert len(made) >= 12 and max(made) == MADE_EACH


@pytest.mark.parametrize("path", ["/cache", "/policy"])
def test_what_is_about_all_is_for_those_who_see_all(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=ONE)
    assert answer.status_code == 403 and "Next:" in answer.text
    assert f'href="{path}"' not in client.get("/", headers=ONE).text


def test_who_needs_no_token_needs_a_name_that_is_no_site_of_others(shown: Shown) -> None:
    """On a forwarded socket: a site that lets its name point here would read the pages with its scripts."""
    with site(shown, os.environ, OPERATOR) as here, _client(here) as client:
        assert client.get("/").status_code == 200
        assert client.get("/", headers={"Host": "evil.test"}).status_code == 303


@pytest.mark.parametrize("path", [*PAGES, f"/runs/{RUN}/log", f"/runs/{RUN}/events"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_change_nothing(client: httpx.Client, path: str, method: str) -> None:
    assert client.request(method, path, headers=ALL).status_code == 405


def test_the_whole_output_is_plain_text(client: httpx.Client) -> None:
    answer = client.get(f"/runs/{RUN}/log", headers=ALL)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.content.startswith(b"<script>alert(1)</script>\x1b[31m")


def test_an_sbom_is_a_file(client: httpx.Client, shown: Shown) -> None:
    answer = client.get(f"/runs/{RUN}/sbom", headers=ALL)
    assert json.loads(answer.content) == shown.bill
    assert answer.headers["content-disposition"] == f'attachment; filename="{RUN}.cdx.json"'
    assert client.get(f"/runs/run_{1:016x}/sbom", headers=ALL).status_code == 400


@pytest.mark.parametrize("offset", ["-1", "x", "1e3", "٣", "99999999999"])
def test_an_odd_address_is_told_so(client: httpx.Client, offset: str) -> None:
    answer = client.get("/runs", params={"offset": offset}, headers=ALL)
    assert answer.status_code == 400 and "is no number" in answer.text


def test_long_lists_have_pages(client: httpx.Client, shown: Shown) -> None:
    shown.runs = [run(number) for number in range(1, 121)]
    first, last = (client.get("/runs", params={"offset": at}, headers=ALL).text for at in (0, 100))
    assert first.count("<tr>") == 51 and 'href="/runs?offset=50"' in first and "Later ones" not in first
    assert last.count("<tr>") == 21 and 'href="/runs?offset=50"' in last and "Earlier ones" not in last


def test_what_was_refused_to_many_runs_is_told_once(client: httpx.Client, shown: Shown) -> None:
    shown.runs = [run(number, outcome=outcome(denied=[refusal()])) for number in range(1, 6)]
    page = client.get("/", headers=ALL).text
    assert page.count("pkg:pypi/evil-pkg@1.0 is denied") == 1 and "15 times" in page
    assert f"/runs/run_{1:016x}" in page and "ask the owner of policy.yaml" in page


def test_a_run_without_a_log_shows_the_output_of_its_outcome(client: httpx.Client, shown: Shown) -> None:
    shown.runs = [run(has_log=False, outcome=outcome(output="kept \x1b[1m elsewhere\n"))]
    page = client.get(f"/runs/{RUN}", headers=ALL).text
    assert "kept \\x1b[1m elsewhere\n" in page and f"/runs/{RUN}/log" not in page


def test_where_there_is_nothing_it_says_what_to_do(client: httpx.Client, shown: Shown) -> None:
    shown.sandboxes, shown.runs = [], []
    for path in ("/", "/sandboxes", "/runs", "/cache"):
        text = client.get(path, headers=ALL).text
        assert 'class="empty"' in text and "<code>jhansi-runner " in text, path


def test_the_old_address_of_the_dashboard_leads_here(client: httpx.Client) -> None:
    assert client.get("/dashboard").headers["location"] == "/"


def test_a_deleted_sandbox_is_listed_and_does_not_expire(client: httpx.Client, shown: Shown) -> None:
    shown.sandboxes = [sandbox(status=DELETED, deleted_at=1e9)]
    page = client.get("/sandboxes", headers=ALL).text
    assert ">deleted<" in page and ">in " not in page


def test_a_deleted_sandbox_has_its_runs_still_and_nothing_else(client: httpx.Client, shown: Shown) -> None:
    shown.sandboxes, shown.runs = [sandbox(status=DELETED, deleted_at=1e9)], [run()]
    listed = client.get("/sandboxes", headers=ALL).text
    link = re.search(r'href="(/sandboxes/sb_[^"]+)"', listed)
    assert link is not None
    answer = client.get(link[1], headers=ALL)
    assert answer.status_code == 200 and RUN in answer.text and "2001-09-09 01:46:40</time> UTC" in answer.text
    assert not {"Expires", "Files", "Snapshots"} & set(re.findall(r"<(?:dt|h2)>([^<]+)<", answer.text))
    assert client.get(link[1], headers=ONE).status_code == 404


def test_what_a_page_tells_to_send_is_in_the_api() -> None:
    known = {(row.method, re.sub(r"\{[^}]*\}", "ID", row.path)) for row in OPERATIONS}
    pages = "".join(file.read_text() for file in resources.files(dashboard).joinpath("templates").iterdir())
    told = re.findall(r"<code>(GET|POST|PUT|DELETE) (/[^<]*)</code>", pages)
    assert len(told) >= 5
    assert {(method, re.sub(r"\{\{[^}]*\}\}", "ID", path)) for method, path in told} <= known


def test_limits_of_the_policy_are_not_told_as_all_that_there_are(client: httpx.Client) -> None:
    assert "--sandbox-limit" in client.get("/policy", headers=ALL).text
