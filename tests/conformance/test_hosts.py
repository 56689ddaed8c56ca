"""Hosts are compared whole, in every registry: what merely looks like one of ours is nobody's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.rows import ROWS
from jhansi_runner.proxy.registries.upstreams import Upstream, upstream

OWN = "mirror.corp.test"
PATHS = {
    "pypi": "/simple/demo/",
    "npm": "/demo",
    "maven": "/maven2/org/test/demo/maven-metadata.xml",
    "golang": "/example.test/demo/@v/list",
}
TYPES = sorted(ROWS)

_letters = st.text("abcxyz019-.", min_size=1, max_size=12)
look_alikes = st.one_of(
    st.builds("{0}{1}".format, _letters, st.just("{}")),
    st.builds("{1}{0}".format, _letters, st.just("{}")),
    st.just(""),
    st.sampled_from([
        "{}.", ".{}", "{}:443", "{}:8443", "{}.evil.test", "evil.test.{}", "evil-{}", "{}-evil.test", "user@{}",
        "{}@evil.test", "{}/", "{}\\.evil.test", "{}%2eevil.test", "{}#", "{}?", "{} ", " {}", "{}\0", "[{}]", "{}{}",
    ]),
)  # fmt: skip


def _both(type_: str) -> tuple[Upstream, Upstream]:
    return upstream(type_), upstream(type_, f"https://{OWN}/below/")


@pytest.mark.parametrize("type_", TYPES)
@given(form=look_alikes, swap=st.booleans())
def test_no_look_alike_names_anything(type_: str, form: str, swap: bool) -> None:
    public, own = _both(type_)
    for known in (public.public, own.host):
        host = form.format(*[known] * 2)
        host = host.swapcase() if swap else host
        if host in (public.public, own.host):
            continue
        for one in (public, own):
            assert registries()[type_].canonical(host, PATHS[type_], one) is None
            assert not one.knows(host)
            assert not one.serves_files("https", host)


@pytest.mark.parametrize("type_", TYPES)
def test_a_part_of_a_host_is_not_the_host(type_: str) -> None:
    for one in _both(type_):
        host = one.host
        for start in range(len(host)):
            for end in range(start + 1, len(host) + 1):
                part = host[start:end]
                assert part == host or not (one.knows(part) or one.serves_files("https", part))


@pytest.mark.parametrize("type_", TYPES)
def test_what_the_operator_lists_is_served_from_there_only(type_: str) -> None:
    one = upstream(type_, f"https://{OWN}/", ("files.corp.test",))
    assert one.serves_files("https", "files.corp.test")
    for host in ("files.corp.test.evil.test", "evil-files.corp.test", "files.corp", "corp.test", "les.corp.test"):
        assert not one.serves_files("https", host)


@pytest.mark.parametrize("type_", TYPES)
def test_the_hosts_themselves_are_known(type_: str) -> None:
    public, own = _both(type_)
    registry, path = registries()[type_], PATHS[type_]
    assert registry.canonical(public.public, path, public) is not None
    assert registry.canonical(public.public, path, own) is not None
    assert own.knows(own.host) and public.knows(public.public)
