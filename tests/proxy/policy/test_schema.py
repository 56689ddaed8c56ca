"""The JSON Schema that editors use accepts what the loader accepts, and refuses the mistakes that a schema can see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from jhansi_runner.proxy.policy.load import KEYS, load_policy
from jhansi_runner.proxy.policy.model import EXEMPTIONS
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.schema import policy_schema
from jhansi_runner.proxy.policy.sources import Source
from support.schema import errors

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads(policy_schema())
POLICIES = [ROOT / "policy.yaml", *sorted((ROOT / "examples").rglob("*policy*.yaml"))]

OPTIONAL: dict[str, list[Any]] = {
    "mode": ["enforce", "observe", "audit", True],
    "minimum_age": [
        {"pypi": "3 days"},
        {"pypi": "030 days"},
        {"pypi": "0 days"},
        {"pypi": "00weeks"},
        {"npm": "36 hours", "golang": "1 week"},
        {"maven": "90minutes"},
        {},
        {"npm": 3},
        {"npm": "3 months"},
        {"cargo": "3 days"},
        "3 days",
    ],
    "licences": [
        {"allow": ["MIT", "BSD-*"]},
        {"deny": ["AGPL-*"], "unknown": "allow"},
        {"allow": ["MIT"], "deny": ["ISC"], "unknown": "deny"},
        {"unknown": "deny"},
        {"allow": []},
        {"allow": "MIT"},
        {"allow": ["MIT"], "unknown": "maybe"},
    ],
    "max_size": [
        "2 GiB",
        "1.5 MB",
        "100 B",
        "0.001 kB",
        "0.5GiB",
        "0 MiB",
        "0.0MB",
        "0.9 B",
        2,
        "2",
        "2 gigs",
        ["2 GiB"],
    ],
    "sdists": ["build", "deny", "allow"],
    "install_scripts": ["run", "deny", "build"],
    "advisories": [
        {"folder": "/srv/osv"},
        {"folder": "/srv/osv", "malware": "deny", "vulnerabilities": "allow", "ignore": ["X-1"]},
        {"malware": "deny"},
        {"folder": "osv"},
        {"folder": "/osv", "ignore": []},
        {"folder": "/osv", "exempt": ["X-1"]},
    ],
    "egress": [{}, {"run": "none"}, {"install": "registries"}, {"run": "all"}, {"build": "none"}, "none"],
    "limits": [
        {},
        {"memory": "4 GiB", "processes": 500, "cpus": 1.5, "disk": "10 GB", "output": "1 MiB", "time": "1 hour"},
        {"files": 1 << 32},
        {"files": (1 << 32) + 1},
        {"files": 0},
        {"files": "9"},
        {"cpus": 2, "required": True},
        {"time": "90seconds"},
        {"memory": 4},
        {"memory": "4 gigs"},
        {"disk": "0 MiB"},
        {"processes": 0},
        {"processes": 1.5},
        {"processes": "500"},
        {"cpus": 0},
        {"cpus": "1.5"},
        {"time": "0 seconds"},
        {"time": "1 week"},
        {"time": 60},
        {"required": "yes"},
        {"inodes": 5},
        "4 GiB",
    ],
    "rules": [
        [{"deny": "pkg:pypi/x"}],
        [{"allow": "pkg:npm/@acme/*", "exempt": list(EXEMPTIONS), "until": "2027-01-31", "reason": "ours"}],
        [{"deny": "pkg:maven/org.acme/*"}, {"allow": "pkg:golang/forge.example/x"}],
        [{"deny": "pkg:pypi/x", "versions": "<2"}],
        [{"deny": "pkg:pypi/x", "versions": "*"}],
        [{"deny": "pkg:pypi/x", "versions": " * "}],
        [{"deny": "pkg:npm/x", "versions": "1.*"}],
        [{"deny": "pkg:pypi/x", "reason": " "}],
        [],
        [{}],
        ["pkg:pypi/x"],
        [{"deny": "x"}],
        [{"deny": "pkg:pypi/x", "allow": "pkg:pypi/x"}],
        [{"deny": "pkg:pypi/x", "exempt": ["age"]}],
        [{"allow": "pkg:pypi/x", "exempt": ["everything"]}],
        [{"allow": "pkg:pypi/x", "exempt": []}],
        [{"allow": "pkg:pypi/x", "until": "soon"}],
        [{"allow": "pkg:pypi/x", "expires": "2027-01-31"}],
        {"deny": "pkg:pypi/x"},
    ],
}
REGISTRIES: list[Any] = [
    {"pypi": {"enabled": True}},
    {"pypi": {"enabled": False, "upstream": "https://mirror.example/simple", "files": ["f.example:8443"]}},
    {"npm": {"enabled": True, "upstream": "http://localhost:8080/"}, "maven": {"enabled": True}},
    {"golang": {"enabled": True, "fetch": "any"}},
    {},
    {"cargo": {"enabled": True}},
    {"pypi": {}},
    {"pypi": {"enabled": "yes"}},
    {"pypi": {"enabled": True, "upstream": "ftp://mirror.example/"}},
    {"pypi": {"enabled": True, "upstream": "https://user@mirror.example/"}},
    {"pypi": {"enabled": True, "files": ["*.example"]}},
    {"pypi": {"enabled": True, "fetch": "any"}},
    {"golang": {"enabled": True, "fetch": "all"}},
]
BASE: dict[str, Any] = {"version": 1, "registries": {"pypi": {"enabled": True}}, "default": "allow"}
DOCUMENTS = [
    *({**BASE, key: value} for key, values in OPTIONAL.items() for value in values),
    *({**BASE, "registries": value} for value in REGISTRIES),
    *({**BASE, "default": value} for value in ("allow", "deny", "ask", True)),
    *({**BASE, "version": value} for value in (1, 2, "1", True)),
    *({key: value for key, value in BASE.items() if key != left_out} for left_out in BASE),
    {**BASE, "licenses": {"allow": ["MIT"]}},
    {},
    [],
    "allow",
]


PATTERNS = """
    pkg:pypi/* pkg:pypi/Acme_* pkg:PyPI/x@1.0
    pkg:pypi/a/b pkg:pypi/x@ pkg:pypi/@x pkg:pypi/x#y pkg:pypi//x
    pkg:npm/* pkg:npm/@acme/* pkg:npm/@*/x@1.0.0 pkg:npm/%40acme/x pkg:npm/left-pad@1.3.0 pkg:npm/x*
    pkg:npm/@acme pkg:npm/%40acme pkg:npm/a/b pkg:npm/a?x pkg:npm/** pkg:npm/x@1.* pkg:npm/@a/b/c pkg:npm//x
    pkg:maven/* pkg:maven/org.acme/* pkg:maven/*/x@1.0
    pkg:maven/a pkg:maven/a:b pkg:maven/a/b/c pkg:maven//x
    pkg:golang/* pkg:golang/forge.example pkg:golang/*.example/x pkg:golang/*/x pkg:golang/x.example/y/*
    pkg:golang/x.example/y@v1.0.0 pkg:golang//x.example
    pkg:golang/x pkg:golang/x/y.z pkg:golang/x.example//y pkg:golang/x.y/ pkg:golang///x.example
    pkg:cargo/x pkg:npm pkg:npm/ pkg:/npm/x npm/x * pkg:*
"""


def is_loaded(document: Any) -> bool:
    # JSON is YAML, but for the words that YAML would read otherwise: all text is quoted in it.
    try:
        load_policy(Source("policy.yaml", json.dumps(document).encode()))
    except PolicyError:
        return False
    return True


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: json.dumps(document)[-60:])
def test_schema_and_loader_agree(document: Any) -> None:
    assert (errors(SCHEMA, document) == []) is is_loaded(document)


@pytest.mark.parametrize("pattern", PATTERNS.split())
def test_schema_and_loader_agree_on_what_names_a_package(pattern: str) -> None:
    document = {**BASE, "rules": [{"allow": pattern}]}
    assert (errors(SCHEMA, document) == []) is is_loaded(document)


PIECES = ["@", "%40", "/", "*", ".", ":", "?", "#", "a", "B", "1", "-", "_", "~", "v2", " ", "x.y"]


@given(st.sampled_from([*SUPPORTED_TYPES, "NPM", "cargo"]), st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_whatever_names_a_package_for_the_loader_does_so_for_the_schema(purl_type: str, rest: str) -> None:
    document = {**BASE, "rules": [{"deny": f"pkg:{purl_type}/{rest}"}]}
    assert not is_loaded(document) or errors(SCHEMA, document) == []


@given(
    st.fixed_dictionaries(
        {
            "version": st.just(1),
            "registries": st.sampled_from(REGISTRIES),
            "default": st.sampled_from(["allow", "deny"]),
        },
        optional={key: st.sampled_from(values) for key, values in OPTIONAL.items()},
    )
)
def test_what_the_loader_accepts_fits_the_schema(document: dict[str, Any]) -> None:
    assert (errors(SCHEMA, document) == []) is is_loaded(document)


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_every_policy_in_the_tree_fits_schema_and_loader(path: Path) -> None:
    data = path.read_bytes()
    load_policy(Source(path.name, data))
    days_as_text = json.loads(json.dumps(YAML(typ="safe", pure=True).load(data), default=str))
    assert errors(SCHEMA, days_as_text) == []


def test_schema_and_loader_know_the_same_keys() -> None:
    properties = SCHEMA["properties"]
    assert set(properties) == set(KEYS)
    assert tuple(properties["registries"]["properties"]) == tuple(properties["minimum_age"]["properties"])
    assert tuple(properties["registries"]["properties"]) == SUPPORTED_TYPES


def described(schema: Any, at: str = "") -> list[str]:
    """The keys that the schema does not explain."""
    found = []
    for name, inner in schema.get("properties", {}).items():
        found += [] if "description" in inner or "$ref" in inner else [f"{at}.{name}"]
        found += described(inner, f"{at}.{name}")
    for name, inner in schema.get("$defs", {}).items():
        for one in (inner, *inner.get("oneOf", ())):
            found += described(one, name)
    return found


def test_the_schema_explains_every_key() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert [one for one in described(SCHEMA) if one not in (".licences.allow", ".licences.deny")] == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "object"}, []),
        ({"type": "boolean"}, "true"),
        ({"const": 1}, True),
        ({"enum": ["a"]}, "b"),
        ({"pattern": "^a$"}, "b"),
        ({"minLength": 1}, ""),
        ({"minItems": 1}, []),
        ({"required": ["a"]}, {}),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}),
        ({"properties": {}, "additionalProperties": False}, {"a": 1}),
        ({"items": {"type": "string"}}, ["a", 1]),
        ({"anyOf": [{"required": ["a"]}]}, {}),
        ({"oneOf": [{"type": "string"}, {"minLength": 0}]}, "a"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, 1),
    ],
)
def test_the_validator_of_these_tests_finds_what_is_wrong(schema: Any, value: Any) -> None:
    assert errors(schema, value)


def test_the_validator_of_these_tests_passes_over_no_keyword() -> None:
    with pytest.raises(KeyError):
        errors({"maxLength": 3}, "long")
