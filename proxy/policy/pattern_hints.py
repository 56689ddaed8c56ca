"""What somebody may have meant who wrote a package as its own tools do, and not as a package-url."""

from __future__ import annotations

import re
from collections.abc import Iterator

ALIASES = {
    "pip": "pypi",
    "python": "pypi",
    "node": "npm",
    "yarn": "npm",
    "mvn": "maven",
    "gradle": "maven",
    "java": "maven",
    "go": "golang",
}
"""Other names of a registry's packages, by which people look for their package-url type."""

_TYPED = re.compile(r"([a-z]+)[:/]/*(.+)")
_GRADLE = re.compile(r"([^:/@]+):([^:/@]+)(?::([^:/@]+))?")


def package_urls(text: str) -> Iterator[str]:
    """Guess package-urls, the likeliest first; some of them may be none."""
    typed = _TYPED.fullmatch(text)
    if typed and typed[1] in (*ALIASES, *ALIASES.values()):
        yield f"pkg:{ALIASES.get(typed[1], typed[1])}/{_slashed(typed[2])}"
    elif text.startswith("@"):
        yield f"pkg:npm/{text}" if "/" in text else f"pkg:npm/{text}/*"
    elif ":" in text:
        yield f"pkg:maven/{_slashed(text)}"
    elif "/" in text:
        yield f"pkg:golang/{text}"
    else:
        yield f"pkg:pypi/{text}"
        yield f"pkg:npm/{text}"


def _slashed(text: str) -> str:
    """Turn `group:artifact:version` into `group/artifact@version`."""
    found = _GRADLE.fullmatch(text)
    if not found:
        return text
    group, artifact, version = found.groups()
    return f"{group}/{artifact}" + (f"@{version}" if version else "")
