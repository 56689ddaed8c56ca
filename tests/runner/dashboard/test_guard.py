"""Forms come from our pages, places to go to are ours, and a name that somebody else owns is not this machine."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.dashboard.guard import is_at_home, is_from_elsewhere, is_our_form, place

ODD = ["/a?b", "/a\r\nb", "/runs/\u202e", "/" + "a" * 300]
HOST = {"host": "runner.test:8080"}


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://runner.test:8080"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://runner.test:8080"}, True),
        ({"origin": "https://RUNNER.test:8080"}, True),
        ({"origin": "http://runner.test"}, False),
        ({"origin": "http://evil.test:8080"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
def test_a_form_has_to_show_that_it_is_ours(headers: dict[str, str], ours: bool) -> None:
    assert is_our_form({**HOST, **headers}) is ours


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ({}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, False),
        ({"origin": "http://runner.test:8080"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "null"}, True),
        ({"origin": "http://evil.test"}, True),
    ],
)
def test_a_form_that_is_certainly_not_ours(headers: dict[str, str], elsewhere: bool) -> None:
    assert is_from_elsewhere({**HOST, **headers}) is elsewhere


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:80", "LOCALHOST", "127.9.9.9"])
def test_names_of_this_machine_alone(host: str) -> None:
    assert is_at_home(host)


@pytest.mark.parametrize(
    "host", ["", "evil.test", "localhost.evil.test", "192.0.2.1", "[::1", "user@localhost.test", "127.0.0.1.test", "1"]
)
def test_names_that_others_may_own(host: str) -> None:
    assert not is_at_home(host)


@pytest.mark.parametrize("path", ["/", "/runs", "/runs/run_0123", "/sandboxes/sb_0"])
def test_places_of_ours(path: str) -> None:
    assert place(path) == path


@pytest.mark.parametrize(
    "path",
    ["", "//evil.test", "/\\evil.test", "https://evil.test/", "/a?b", "/a\r\nb", "/runs/\u202e", "/" + "a" * 300],
)
def test_other_places_are_the_overview(path: str) -> None:
    assert place(path) == "/"
