"""An upstream is an https URL without credentials, and a host of files is a bare host."""

from __future__ import annotations

import re

import pytest

from jhansi_runner.proxy.policy.endpoints import parse_host, parse_upstream


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://mirror.example/simple/", "https://mirror.example/simple/"),
        ("https://mirror.example/simple", "https://mirror.example/simple/"),
        ("https://Mirror.Example", "https://mirror.example/"),
        ("HTTPS://mirror.example:8443/a//", "https://mirror.example:8443/a/"),
        ("http://localhost:8080/simple", "http://localhost:8080/simple/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("https://mirror.example/Case/Kept", "https://mirror.example/Case/Kept/"),
    ],
)
def test_an_upstream_ends_in_one_slash(text: str, found: str) -> None:
    assert parse_upstream(text) == found


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("http://mirror.example/", "must be https"),
        ("http://127.0.0.1.evil.example/", "must be https"),
        ("http://localhost.evil.example/", "must be https"),
        ("http://10.0.0.1/", "must be https"),
        ("mirror.example", "is no https URL"),
        ("ftp://mirror.example/", "is no https URL"),
        ("file:///etc/passwd", "is no https URL"),
        ("https:///simple/", "is no https URL"),
        ("https://mirror.example/?x=1", "no query"),
        ("https://mirror.example/?", "no query"),
        ("https://mirror.example/#x", "no fragment"),
        ("https://*.example/", "names no host"),
        ("https://mirror.example:0/", "names no host"),
        ("https://mirror.example./", "names no host"),
        ("https://mirror.example:99999/", "is no URL"),
        ("https://[::1/", "is no URL"),
        ("https://mirror.example/a b", "without spaces"),
        ("https://mirror.example\\@evil.example/", "without spaces"),
        ("https://m\u0131rror.example/", "without spaces"),
    ],
)
def test_an_upstream_that_cannot_be_trusted_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        parse_upstream(text)


def test_credentials_are_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="must not hold credentials") as caught:
        parse_upstream("https://user:hunter2@mirror.example/")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["files.mirror.example", "files.mirror.example:8443", "127.0.0.1:80", "localhost"])
def test_a_host_is_kept_as_written(text: str) -> None:
    assert parse_host(text) == text


def test_a_host_is_put_in_lower_case() -> None:
    assert parse_host("Files.Example") == "files.example"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("*.mirror.example", "wildcards are not accepted"),
        ("https://mirror.example", "write the host alone"),
        ("mirror.example/files", "write the host alone"),
        ("user@mirror.example", "write the host alone"),
        ("mirror.example:", "is no host"),
        ("mirror.example:0", "is no host"),
        ("mirror.example:65536", "is no host"),
        ("mirror..example", "is no host"),
        ("mirror.example.", "is no host"),
        ("-mirror.example", "is no host"),
        ("mirror example", "is no host"),
        (".example", "is no host"),
    ],
)
def test_what_is_no_bare_host_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        parse_host(text)
