"""The stable codes that a policy's decisions carry, and what to do about each refusal."""

from __future__ import annotations

ALLOW_RULE = "JR-ALLOW-RULE"
ALLOW_DEFAULT = "JR-ALLOW-DEFAULT"
ALLOW_OBSERVED = "JR-ALLOW-OBSERVED"
DENY_RULE = "JR-DENY-RULE"
DENY_DEFAULT = "JR-DENY-DEFAULT"
DENY_REGISTRY = "JR-DENY-REGISTRY"
DENY_UNKNOWN = "JR-DENY-UNKNOWN"
DENY_AGE = "JR-DENY-AGE"
DENY_LICENCE = "JR-DENY-LICENCE"
DENY_SIZE = "JR-DENY-SIZE"
DENY_SDIST = "JR-DENY-SDIST"
DENY_SCRIPTS = "JR-DENY-SCRIPTS"
DENY_MALWARE = "JR-DENY-MALWARE"
DENY_VULNERABLE = "JR-DENY-VULNERABLE"
DENY_ADVISORIES = "JR-DENY-ADVISORIES"

NEXT_STEP = {
    DENY_RULE: "ask the owner of {source}, or choose another package",
    DENY_DEFAULT: "ask the owner of {source} to allow it, or choose another package",
    DENY_REGISTRY: "ask the owner of {source} to enable the registry",
    DENY_UNKNOWN: "ask for the package by its canonical name",
    DENY_AGE: "wait, choose an older version, or ask the owner of {source} to exempt it",
    DENY_LICENCE: "choose another package, or ask the owner of {source} to exempt it",
    DENY_SIZE: "choose a smaller file, or ask the owner of {source} to exempt it",
    DENY_SDIST: "choose a version that has a wheel, or ask the owner of {source} to exempt it",
    DENY_SCRIPTS: "choose a version without install scripts, or ask the owner of {source} to exempt it",
    DENY_MALWARE: "do not use it, and look at hosts where it was installed",
    DENY_VULNERABLE: "choose a version that is fixed, or ask the owner of {source} to exempt it",
    DENY_ADVISORIES: "ask the owner of {source} to make the folder of advisories readable",
}
"""By code; `{source}` is the policy file that refused."""

NOT_OBSERVED = (DENY_REGISTRY, DENY_UNKNOWN)
"""Refused in observe mode as well: what is not ours to serve, and what no rule could be held against."""
