"""The pages in a real browser: nothing runs, nothing is asked of others, and everybody can use them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest

from jhansi_runner.runner.sandboxes.model import RUNNING, Caller, Entry, Snapshot
from support.browser import Tab, browser, needs_browser, tab
from support.dashboard import BOX, HOSTILE, RUN, Shown, Site, outcome, output, refusal, run, sandbox, site

pytestmark = [pytest.mark.browser, needs_browser]
LIVE = f"run_{1:016x}"
PAGES = ["/", "/sandboxes", f"/sandboxes/{BOX}", "/runs", f"/runs/{RUN}", f"/runs/{LIVE}", "/cache", "/policy"]
MARKUP = "<script>window.evil=1</script><img src=//evil.test/x onerror=window.evil=1><style>*{display:none}</style>"
PRINTED = f"{MARKUP}</pre></main>\x1b[31mred\x1b]0;title\x07 \u202eesrever\u202c \x9b2J\n"
LONG = "x" * 240
Work = Callable[[Tab], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def one_site() -> Iterator[Site]:
    with site(Shown(), os.environ, Caller("operator", True)) as found:
        yield found


@pytest.fixture
def here(one_site: Site) -> Site:
    names = (HOSTILE, MARKUP, LONG)
    evil = {**refusal(f"pkg:pypi/{LONG}"), "reason": MARKUP + LONG, "rule": f"{LONG}.yaml:5"}
    one_site.service.shown = Shown(
        [sandbox(agent=MARKUP, created_by=LONG, policy=PRINTED), sandbox(2, status=RUNNING, agent=HOSTILE)],
        [
            run(program=MARKUP + LONG, exit_code=1, error=HOSTILE, outcome=outcome(denied=[evil], notes=[MARKUP])),
            run(1, state=RUNNING, ended_at=None, exit_code=None, outcome={}),
        ],
        [Entry(name, "file", 5, 1e9) for name in names],
        [Snapshot(name, BOX, 1e9, 1, 1) for name in names],
        [output(1, PRINTED), output(2, PRINTED, "stderr"), output(3, "y" * 20_000 + "\n")],
    )
    return one_site


def _in_a_tab(port: int, work: Work) -> None:
    async def worked() -> None:
        async with tab(port) as found:
            await found.look()
            await work(found)

    asyncio.run(worked())


def test_nothing_of_others_runs_and_nothing_is_asked_of_others(port: int, here: Site) -> None:
    async def work(page: Tab) -> None:
        for path in PAGES:
            await page.open(here.url + path)
            assert await page.evaluate("window.evil") is None, path
            assert await page.evaluate("document.querySelectorAll('main img, main style, main script').length") == 0
        assert page.seen.faults == []
        assert {url.split("/")[2] for url in page.seen.requests} == {here.url.split("/")[2]}

    _in_a_tab(port, work)


def test_the_policy_for_contents_holds_even_for_what_got_in(port: int, here: Site) -> None:
    """As if escaping had failed: the browser itself refuses to run it, to load it, or to ask elsewhere."""
    smuggle = """(() => {
        document.body.insertAdjacentHTML("beforeend", "<img src=https://evil.test/a><a id=l style='color:red'>x</a>");
        const script = document.createElement("script");
        script.textContent = "window.evil = 1";
        document.body.append(script);
        return fetch("https://evil.test/b").then(() => "sent", () => "refused");
    })()"""

    async def work(page: Tab) -> None:
        await page.open(f"{here.url}/")
        assert await page.evaluate(smuggle) == "refused"
        assert await page.evaluate("window.evil") is None
        await page.wait_for("true")
        assert sum("Content Security Policy" in fault for fault in page.seen.faults) >= 3

    _in_a_tab(port, work)


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_its_window(port: int, here: Site, width: int) -> None:
    async def work(page: Tab) -> None:
        for dark in (False, True):
            await page.look(width, dark=dark)
            for path in PAGES:
                await page.open(here.url + path)
                found = await page.evaluate("document.documentElement.scrollWidth")
                assert found <= width, path

    _in_a_tab(port, work)


CONTRAST = """(() => {
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    const ground = (node) => {
        for (; node; node = node.parentElement) {
            const colour = parse(getComputedStyle(node).backgroundColor);
            if (colour.length < 4 || colour[3] > 0) return colour;
        }
        return [255, 255, 255];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const bad = [];
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || node.closest("script, noscript, [hidden]")) continue;
        const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) bad.push(`${node.tagName}.${node.className} ${ratio.toFixed(2)}`);
    }
    return bad;
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read(port: int, here: Site, dark: bool) -> None:
    """At least 4.5 to 1. Source: WCAG 2.2, 1.4.3."""

    async def work(page: Tab) -> None:
        await page.look(dark=dark)
        for path in [*PAGES, "/login", "/runs/unknown"]:
            await page.open(here.url + path)
            assert await page.evaluate(CONTRAST) == [], path

    _in_a_tab(port, work)


def test_a_screen_reader_is_told_what_is_where(port: int, here: Site) -> None:
    async def work(page: Tab) -> None:
        for path in PAGES:
            await page.open(here.url + path)
            found = await page.tree()
            roles = [role for role, _ in found]
            assert roles.count("main") == 1 and roles.count("banner") == 1 and ("navigation", "Pages") in found, path
            assert all(name for role, name in found if role in ("heading", "link", "button", "region", "table")), path
        await page.open(f"{here.url}/runs/{RUN}")
        found = await page.tree()
        assert ("region", "Output") in found and ("heading", "Refused") in found
        assert ("columnheader", "Version") in found and ("rowheader", "requests") in found
        await page.open(f"{here.url}/login")
        assert ("textbox", "Token") in await page.tree()

    _in_a_tab(port, work)


def test_the_keyboard_reaches_everything_from_the_skip_link_on(port: int, here: Site) -> None:
    async def work(page: Tab) -> None:
        await page.open(f"{here.url}/runs/{RUN}")
        await page.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
        assert await page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
        await page.press("Enter")
        await page.wait_for("document.activeElement.id === 'main'")
        reached = []
        for _ in range(12):
            await page.press("Tab")
            reached.append(await page.evaluate("document.activeElement.id || document.activeElement.textContent"))
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert await page.evaluate(outline) == "solid", reached
            if reached[-1] == "output":
                break
        assert reached[-1] == "output"
        await page.press("End")
        await page.wait_for("document.getElementById('output').scrollTop > 0")

    _in_a_tab(port, work)


def test_output_grows_while_the_run_goes_on(port: int, here: Site) -> None:
    async def work(page: Tab) -> None:
        await page.open(f"{here.url}/runs/{LIVE}")
        text = "document.getElementById('output').textContent"
        before = await page.evaluate(text)
        assert before.count("\\x1b[31mred") == 2 and "esrever\\u202c" in before
        here.service.shown.events.append(output(4, f"{PRINTED}later\n", "stderr"))
        await page.wait_for(f"{text}.endsWith('later\\n')")
        assert (await page.evaluate(text)).count("\\x1b[31mred") == 3
        assert await page.evaluate("document.querySelector('#output > :last-child').className") == "stderr"
        assert await page.evaluate("window.evil") is None
        here.service.shown.runs[1] = replace(run(1), exit_code=7)
        await page.wait_for("document.getElementById('status').textContent.includes('exit 7')")
        assert await page.evaluate("document.querySelector('#status a').pathname") == f"/runs/{LIVE}"
        assert await page.evaluate("document.querySelector('.badge').textContent") == "exit 7"
        assert (await page.evaluate("document.title")).startswith("exit 7: run ")
        assert page.seen.faults == []

    _in_a_tab(port, work)


def test_a_flood_does_not_fill_the_page(port: int, here: Site) -> None:
    async def work(page: Tab) -> None:
        await page.open(f"{here.url}/runs/{LIVE}")
        for part in range(12):
            first = 4 + part * 100
            here.service.shown.events += [output(n, f"{n} {'z' * 50}\n" * 10) for n in range(first, first + 100)]
            await page.wait_for(f"document.getElementById('output').textContent.includes('\\n{first + 99} z')")
        text = await page.evaluate("document.getElementById('output').textContent")
        assert text.count("\n") <= 2000 and len(text) <= 256 << 10
        assert not await page.evaluate("document.getElementById('cut').hidden")

    _in_a_tab(port, work)


def test_a_page_that_lost_its_server_goes_on_when_it_is_back(port: int, here: Site) -> None:
    async def work(page: Tab) -> None:
        await page.open(f"{here.url}/runs/{LIVE}")
        here.service.shown.events.append(output(4, "before\n"))
        await page.wait_for("document.getElementById('output').textContent.endsWith('before\\n')")
        here.service.break_off()
        await page.wait_for("document.getElementById('status').textContent.includes('tried again')")
        here.service.shown.events.append(output(5, "while nobody looked\n"))
        await page.wait_for("document.getElementById('output').textContent.endsWith('while nobody looked\\n')")
        text = await page.evaluate("document.getElementById('output').textContent")
        assert [text.count(part) for part in ("before", "while nobody looked", "y" * 20_000)] == [1, 1, 1]

    _in_a_tab(port, work)


def test_signing_in_and_out_by_hand(port: int) -> None:
    async def work(page: Tab) -> None:
        await page.open(f"{found.url}/runs")
        assert await page.evaluate("location.pathname + location.search") == "/login?next=/runs"
        await page.evaluate("document.getElementById('token').focus()")
        await page.type("wrong")
        await page.press("Enter")
        await page.loaded()
        assert "not known here" in await page.evaluate("document.querySelector('[role=alert]').textContent")
        await page.evaluate("document.getElementById('token').focus()")
        await page.type("token-of-one")
        await page.press("Enter")
        await page.wait_for("location.pathname === '/runs' && document.readyState === 'complete'")
        assert await page.evaluate("document.cookie") == ""
        assert await page.evaluate("document.querySelector('.who').textContent.includes('agent-7')")
        assert await page.evaluate("document.querySelector('a[href=\"/policy\"]')") is None
        await page.evaluate("document.querySelector('.who button').click()")
        await page.wait_for("location.pathname === '/login' && document.readyState === 'complete'")
        await page.open(f"{found.url}/runs")
        assert await page.evaluate("location.pathname") == "/login"

    with site(Shown(), os.environ) as found:
        _in_a_tab(port, work)


def _port_of(found: Site) -> str:
    return found.url.rpartition(":")[2]


def test_signing_in_works_where_a_browser_tells_less(port: int) -> None:
    """Over plain HTTP and under a name, there is no `Sec-Fetch-Site`: the form is known by its origin."""

    async def work(page: Tab) -> None:
        await page.open(f"http://runner.test:{_port_of(found)}/")
        await page.evaluate("document.getElementById('token').focus()")
        await page.type("token-of-one")
        await page.press("Enter")
        await page.wait_for("location.pathname === '/' && document.readyState === 'complete'")
        assert await page.evaluate("document.querySelector('.who').textContent.includes('agent-7')")

    with site(Shown(), os.environ) as found:
        _in_a_tab(port, work)


FORM = """(() => {
    document.body.innerHTML = `<form method=post action="%s/%s"><input name=token value=token-of-one></form>`;
    document.forms[0].submit();
})()"""


def test_a_site_of_others_signs_nobody_in_or_out_and_reads_nothing(port: int, here: Site) -> None:
    """Not by a form, not by a script, and not by having its name lead here."""

    async def work(page: Tab) -> None:
        await page.open(f"{found.url}/login")
        await page.evaluate("document.getElementById('token').focus()")
        await page.type("token-of-all")
        await page.press("Enter")
        await page.wait_for("location.pathname === '/' && document.readyState === 'complete'")
        for action in ("login", "logout"):
            await page.call("Page.setBypassCSP", enabled=True)  # a site of others sends no such policy
            await page.open(f"http://evil.test:{_port_of(here)}/login")
            reading = f"fetch('{found.url}/', {{credentials: 'include'}}).then(() => 'read', () => 'refused')"
            assert await page.evaluate(reading) == "refused"
            await page.evaluate(FORM % (found.url, action))
            await page.wait_for(f"location.href === '{found.url}/{action}' && document.readyState === 'complete'")
            assert "not sent from" in await page.evaluate("document.querySelector('[role=alert]').textContent")
        await page.open(f"{found.url}/")
        assert await page.evaluate("document.querySelector('.who').textContent.includes('operator')")
        await page.open(f"http://evil.test:{_port_of(here)}/")
        assert await page.evaluate("location.pathname") == "/login"

    with site(Shown(), os.environ) as found:
        _in_a_tab(port, work)


def test_without_scripts_a_page_says_how_to_see_more(port: int, here: Site) -> None:
    async def work(page: Tab) -> None:
        await page.call("Emulation.setScriptExecutionDisabled", value=True)
        await page.open(f"{here.url}/runs/{LIVE}")
        names = [name for _, name in await page.tree()]
        assert any("Load it again" in name for name in names) and any("esrever" in name for name in names)

    _in_a_tab(port, work)


def test_on_paper_nothing_is_cut_off(port: int, here: Site) -> None:
    async def work(page: Tab) -> None:
        await page.look(media="print")
        await page.open(f"{here.url}/runs/{RUN}")
        cut = "(() => { const e = document.getElementById('output'); return e.scrollHeight > e.clientHeight + 1 })()"
        assert await page.evaluate(cut) is False
        assert await page.evaluate("getComputedStyle(document.querySelector('.top nav')).display") == "none"

    _in_a_tab(port, work)
