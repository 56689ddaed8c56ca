"""`policy show` and `policy check` print what is in force, with the lines of the files."""

from __future__ import annotations

import json

from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.problems import Problem
from jhansi_runner.proxy.policy.show import HostUse, check_data, policy_data, render_check, render_policy
from jhansi_runner.proxy.policy.sources import FLOOR, Source

FLOOR_FILE = """\
version: 1
registries: {pypi: {enabled: true, upstream: https://a.example}}
default: allow
rules:
  - deny: pkg:pypi/evil
    versions: "<2"
    reason: typosquat
egress: {run: none}
"""
MAIN_FILE = """\
version: 1
registries: {pypi: {enabled: true, upstream: https://b.example}}
default: deny
rules:
  - allow: pkg:pypi/acme-*
sdists: deny
"""
HOSTS = {
    "pypi": [HostUse("a.example", ("GET", "HEAD"), "index"), HostUse("files.a.example", ("GET",), "files")],
    "npm": [HostUse("n.example", ("GET",), "index")],
}


def both() -> list[Source]:
    return [Source("site.yaml", FLOOR_FILE.encode(), FLOOR), Source("policy.yaml", MAIN_FILE.encode())]


def test_show_tells_everything_that_is_in_force_and_which_line_says_so() -> None:
    policies = load(both())
    assert render_policy(policies, HOSTS) == (
        f"policy {policies.digest}\n"
        "\n"
        "  floor  site.yaml\n"
        "  main   policy.yaml\n"
        "\n"
        "registries\n"
        "  pypi     https://a.example/\n"
        "    a.example        GET HEAD  index\n"
        "    files.a.example  GET  files\n"
        "    not used: https://b.example/ (policy.yaml:2), the floor sets another\n"
        "\n"
        "egress  install: registries, run: none\n"
        "sdists  deny\n"
        "\n"
        "site.yaml: the first rule that matches decides; every file has to allow\n"
        "      5  deny   pkg:pypi/evil versions <2  (typosquat)\n"
        "      3  allow  everything else\n"
        "\n"
        "policy.yaml: the first rule that matches decides; every file has to allow\n"
        "      5  allow  pkg:pypi/acme-*\n"
        "      3  deny   everything else\n"
    )


def test_show_says_so_when_nothing_can_be_fetched() -> None:
    text = "version: 1\nregistries: {pypi: {enabled: false}}\ndefault: allow\n"
    shown = render_policy(load([Source("policy.yaml", text.encode())]), HOSTS)
    assert "registries\n  none: nothing can be fetched\n" in shown
    assert "example" not in shown


def test_show_as_data_survives_json() -> None:
    data = policy_data(load(both()), HOSTS)
    assert json.loads(json.dumps(data)) == data
    assert data["registries"] == [
        {
            "type": "pypi",
            "upstream": "https://a.example/",
            "files": [],
            "hosts": [
                {"host": "a.example", "methods": ["GET", "HEAD"], "what": "index"},
                {"host": "files.a.example", "methods": ["GET"], "what": "files"},
            ],
        }
    ]
    assert (data["egress"], data["sdists"]) == ({"install": "registries", "run": "none"}, "deny")
    assert data["layers"] == [
        {
            "role": "floor",
            "source": "site.yaml",
            "default": "allow",
            "default_line": 3,
            "rules": [
                {
                    "effect": "deny",
                    "pattern": "pkg:pypi/evil versions <2",
                    "reason": "typosquat",
                    "source": "site.yaml",
                    "line": 5,
                }
            ],
        },
        {
            "role": "main",
            "source": "policy.yaml",
            "default": "deny",
            "default_line": 3,
            "rules": [
                {
                    "effect": "allow",
                    "pattern": "pkg:pypi/acme-*",
                    "reason": "",
                    "source": "policy.yaml",
                    "line": 5,
                }
            ],
        },
    ]


def test_check_says_what_each_file_holds() -> None:
    assert render_check(load(both())) == (
        "site.yaml: right: pypi, 1 rule, default allow\npolicy.yaml: right: pypi, 1 rule, default deny\n"
    )


def test_check_as_data_lists_the_problems() -> None:
    assert check_data(["policy.yaml"], ()) == {"ok": True, "sources": ["policy.yaml"], "problems": []}
    found = check_data(["policy.yaml"], [Problem("policy.yaml", 12, 5, "wrong")])
    assert found["ok"] is False
    assert found["problems"] == [{"source": "policy.yaml", "line": 12, "column": 5, "message": "wrong"}]
