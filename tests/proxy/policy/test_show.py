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
        "      6  sdists deny\n"
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
            "mode": "enforce",
            "rules": [
                {
                    "effect": "deny",
                    "pattern": "pkg:pypi/evil versions <2",
                    "reason": "typosquat",
                    "source": "site.yaml",
                    "line": 5,
                    "until": None,
                    "exempt": [],
                }
            ],
            "conditions": [],
        },
        {
            "role": "main",
            "source": "policy.yaml",
            "default": "deny",
            "default_line": 3,
            "mode": "enforce",
            "rules": [
                {
                    "effect": "allow",
                    "pattern": "pkg:pypi/acme-*",
                    "reason": "",
                    "source": "policy.yaml",
                    "line": 5,
                    "until": None,
                    "exempt": [],
                }
            ],
            "conditions": [{"key": "sdists", "type": "", "text": "deny", "line": 6}],
        },
    ]


def test_check_says_what_each_file_holds() -> None:
    assert render_check(load(both())) == (
        "site.yaml: right: pypi, 1 rule, default allow\npolicy.yaml: right: pypi, 1 rule, default deny\n"
    )


def test_check_as_data_lists_the_problems() -> None:
    assert check_data(["policy.yaml"], ()) == {
        "ok": True,
        "sources": ["policy.yaml"],
        "problems": [],
        "warnings": [],
    }
    found = check_data(["policy.yaml"], [Problem("policy.yaml", 12, 5, "wrong")])
    assert found["ok"] is False
    assert found["problems"] == [{"source": "policy.yaml", "line": 12, "column": 5, "message": "wrong"}]


def test_check_as_data_lists_what_is_worth_a_look() -> None:
    found = check_data(["policy.yaml"], (), [Problem("policy.yaml", 9, 1, "expired")])
    assert found["ok"] is True
    assert found["warnings"] == [{"source": "policy.yaml", "line": 9, "column": 1, "message": "expired"}]


def test_show_tells_every_condition_and_what_rules_exempt_from() -> None:
    text = """\
version: 1
registries: {npm: {enabled: true}, golang: {enabled: true, fetch: any}}
default: allow
mode: observe
minimum_age: {npm: 3 days, golang: 36 hours}
licences: {allow: [MIT, "BSD-*"], deny: [GPL-3.0], unknown: allow}
max_size: 2 GiB
sdists: deny
install_scripts: deny
advisories: {folder: /srv/osv, ignore: [X-2, X-1]}
rules:
  - {allow: "pkg:npm/@acme/*", exempt: [scripts, age], until: 2027-01-31, reason: ours}
"""
    shown = render_policy(load([Source("policy.yaml", text.encode())]), {})
    assert "  golang   the public registry, which may fetch modules from elsewhere\n" in shown
    assert shown.endswith(
        "policy.yaml: the first rule that matches decides\n"
        "      4  mode observe: what would be refused is recorded, and let in\n"
        "     12  allow  pkg:npm/@acme/*, until 2027-01-31, exempt from age, scripts  (ours)\n"
        "      3  allow  everything else\n"
        "      5  minimum_age npm 3 days\n"
        "      5  minimum_age golang 36 hours\n"
        "      6  licences allow MIT, BSD-*; deny GPL-3.0-only; unknown allow\n"
        "      7  max_size 2 GiB\n"
        "      8  sdists deny\n"
        "      9  install_scripts deny\n"
        "     10  advisories /srv/osv: malware deny, vulnerabilities allow, ignoring X-1, X-2\n"
    )
