"""The stable codes that a policy's decisions carry, and what to do about each refusal."""

from __future__ import annotations

ALLOW_RULE = "JR-ALLOW-RULE"
ALLOW_DEFAULT = "JR-ALLOW-DEFAULT"
DENY_RULE = "JR-DENY-RULE"
DENY_DEFAULT = "JR-DENY-DEFAULT"
DENY_REGISTRY = "JR-DENY-REGISTRY"
DENY_UNKNOWN = "JR-DENY-UNKNOWN"

NEXT_STEP = {
    DENY_RULE: "ask the owner of {source}, or choose another package",
    DENY_DEFAULT: "ask the owner of {source} to allow it, or choose another package",
    DENY_REGISTRY: "ask the owner of {source} to enable the registry",
    DENY_UNKNOWN: "ask for the package by its canonical name",
}
"""By code; `{source}` is the policy file that refused."""
