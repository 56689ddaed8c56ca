"""Every file has to allow: what a site's floor refuses, no other file brings back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import pypi
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.model import Egress
from jhansi_runner.proxy.policy.names import decide
from jhansi_runner.proxy.policy.sources import FLOOR, Source

NAMES = ["acme", "evil"]
FILES = st.builds(
    lambda enabled, default, rules: (
        f"version: 1\nregistries: {{pypi: {{enabled: {enabled}}}}}\ndefault: {default}\n"
        + ("rules:\n" if rules else "")
        + "".join(f"  - {{{effect}: pkg:pypi/{name}{at}}}\n" for effect, name, at in rules)
    ),
    st.sampled_from(["true", "false"]),
    st.sampled_from(["allow", "deny"]),
    st.lists(
        st.tuples(st.sampled_from(["allow", "deny"]), st.sampled_from(NAMES), st.sampled_from(["", "@1.0"])),
        max_size=3,
    ),
)


def layered(floor: str, main: str) -> PolicySet:
    return load([Source("floor.yaml", floor.encode(), FLOOR), Source("main.yaml", main.encode())])


def file(registry: str = "enabled: true", more: str = "", default: str = "allow") -> str:
    return f"version: 1\nregistries: {{pypi: {{{registry}}}}}\ndefault: {default}\n{more}"


@given(FILES, FILES, st.sampled_from(NAMES), st.sampled_from([None, "1.0", "2.0"]))
def test_a_layer_only_narrows(floor: str, main: str, name: str, version: str | None) -> None:
    both = layered(floor, main)
    coordinate = pypi(name, version)
    each = [decide(policy, coordinate, 0.0) for policy in both.layers]
    decision = both.decide(coordinate)
    assert decision.allowed == all(one.allowed for one in each)
    assert decision == next((one for one in each if not one.allowed), each[-1])


def test_the_first_file_that_denies_gives_the_answer() -> None:
    deny = "rules:\n  - deny: pkg:pypi/evil\n"
    assert layered(file(more=deny), file(more=deny)).decide(pypi("evil")).source == "floor.yaml"
    assert layered(file(), file(more=deny)).decide(pypi("evil")).where == "main.yaml:5"
    assert layered(file(more=deny), file(more=deny.replace("deny", "allow"))).decide(pypi("evil")).allowed is False


def test_an_empty_set_is_an_error_because_all_of_nothing_would_allow() -> None:
    with pytest.raises(ValueError, match="would allow everything"):
        PolicySet((), "digest")


def test_advisories_that_belong_to_no_file_are_an_error() -> None:
    with pytest.raises(ValueError, match="each policy file has its own advisories"):
        PolicySet(layered(file(), file()).layers, "digest", (None,))


@pytest.mark.parametrize(
    ("floor", "main", "found"),
    [
        ("egress: {run: none}\n", "egress: {install: none}\n", Egress("none", "none")),
        ("egress: {run: none}\n", "", Egress("registries", "none")),
        ("", "egress: {run: none}\n", Egress("registries", "none")),
        ("", "", Egress("registries", "registries")),
    ],
)
def test_egress_is_the_narrowest_of_all_files(floor: str, main: str, found: Egress) -> None:
    assert layered(file(more=floor), file(more=main)).egress == found


@pytest.mark.parametrize(
    ("floor", "main", "found"),
    [
        ("deny", "build", "deny"),
        ("build", "deny", "deny"),
        ("build", "build", "build"),
        ("deny", "deny", "deny"),
    ],
)
def test_sdists_are_built_only_if_every_file_says_so(floor: str, main: str, found: str) -> None:
    assert layered(file(more=f"sdists: {floor}\n"), file(more=f"sdists: {main}\n")).sdists == found


@pytest.mark.parametrize(("floor", "main"), [("true", "false"), ("false", "true"), ("false", "false")])
def test_a_registry_that_one_file_turns_off_is_off(floor: str, main: str) -> None:
    assert layered(file(f"enabled: {floor}"), file(f"enabled: {main}")).registries == ()


@pytest.mark.parametrize(
    ("floor", "main", "upstream", "files"),
    [
        ("", "", None, ()),
        ("", "upstream: https://b.example", "https://b.example/", ()),
        ("", "upstream: https://b.example, files: [f.b.example]", "https://b.example/", ("f.b.example",)),
        ("upstream: https://a.example", "", "https://a.example/", ()),
        ("upstream: https://a.example", "upstream: https://b.example", "https://a.example/", ()),
        ("upstream: https://a.example", "files: [f.b.example]", "https://a.example/", ()),
        ("upstream: https://a.example, files: [f.a.example]", "", "https://a.example/", ("f.a.example",)),
        ("files: [f.a.example]", "files: [f.b.example]", None, ("f.a.example",)),
        ("files: [f.a.example]", "upstream: https://b.example", "https://b.example/", ("f.a.example",)),
    ],
)
def test_where_the_floor_says_that_a_registry_is_there_it_is(
    floor: str, main: str, upstream: str | None, files: tuple[str, ...]
) -> None:
    (found,) = layered(file(f"enabled: true, {floor}"), file(f"enabled: true, {main}")).registries
    assert (found.upstream, found.files) == (upstream, files)


@pytest.mark.parametrize(
    ("floor", "main", "fetch"),
    [
        ("", "", "cached"),
        ("any", "", "cached"),
        ("", "any", "cached"),
        ("any", "any", "any"),
        ("any", "cached", "cached"),
    ],
)
def test_modules_are_fetched_from_elsewhere_only_if_every_file_says_so(floor: str, main: str, fetch: str) -> None:
    def golang(word: str) -> str:
        return file().replace("pypi: {enabled: true", "golang: {enabled: true" + (f", fetch: {word}" if word else ""))

    (found,) = layered(golang(floor), golang(main)).registries
    assert found.fetch == fetch


def test_a_single_file_says_where_its_registry_is() -> None:
    text = file("enabled: true, upstream: 'https://b.example', files: [f.b.example]")
    (found,) = load([Source("main.yaml", text.encode())]).registries
    assert (found.upstream, found.files) == ("https://b.example/", ("f.b.example",))
