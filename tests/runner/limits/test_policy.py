"""`policy show` tells every limit that a run without options has, and who set it."""

from __future__ import annotations

from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.show import LimitUse, policy_data, render_policy
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.runner.limits.policy import in_force, of_policy

HEAD = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n"


def test_the_defaults() -> None:
    found = in_force(load([Source("p.yaml", HEAD.encode())]), 16 << 30)
    assert [(one.key, one.text, one.origin) for one in found] == [
        ("memory", "12 GiB", ""),
        ("processes", "4096", ""),
        ("cpus", "no limit", ""),
        ("disk", "no limit", ""),
        ("files", "no limit", ""),
        ("output", "no limit", ""),
        ("time", "no limit", ""),
    ]


def test_what_a_policy_sets_with_its_line() -> None:
    policies = load(
        [
            Source(
                "p.yaml", (HEAD + "limits:\n  cpus: 1.5\n  time: 1 hour\n  required: true\n  files: 1000000\n").encode()
            )
        ]
    )
    found = in_force(policies, 16 << 30)
    assert LimitUse("cpus", "1.5", "p.yaml:5") in found and LimitUse("time", "3600 s", "p.yaml:6") in found
    assert LimitUse("files", "1000000", "p.yaml:8") in found
    assert found[-1].key == "runs" and found[-1].origin == "p.yaml:7"
    text = render_policy(policies, {}, found)
    assert "limits  memory: 12 GiB (default)\n" in text and "limits  cpus: 1.5 (p.yaml:5)\n" in text
    assert {"key": "cpus", "limit": "1.5", "origin": "p.yaml:5"} in policy_data(policies, {}, found)["limits"]  # type: ignore[operator]
    assert of_policy(policies).required
