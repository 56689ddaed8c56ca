"""A package, or one version of it, as the package-url specification names it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from packageurl import PackageURL
from packaging.utils import canonicalize_name

PYPI = "pypi"


@dataclass(frozen=True, slots=True, order=True)
class Coordinate:
    """One package (`version` is None) or one version of it.

    `type` is the package-url type, `namespace` is "" where the type has none, `name` is in canonical form.

    Source: package-url specification; PEP 503 for the names of PyPI.
    """

    type: str
    namespace: str
    name: str
    version: str | None = None

    @property
    def purl(self) -> str:
        """The package-url, such as `pkg:pypi/requests@2.32.0`."""
        return PackageURL(self.type, self.namespace or None, self.name, self.version).to_string()

    def at(self, version: str | None) -> Coordinate:
        """The same package at another version."""
        return replace(self, version=version)

    @classmethod
    def parse(cls, text: str) -> Coordinate:
        """Read a package-url. Raises ValueError with what is wrong."""
        parsed = PackageURL.from_string(text)
        if not parsed.name:
            raise ValueError(f"{text!r} names no package")
        name = canonicalize_name(parsed.name) if parsed.type == PYPI else parsed.name
        return cls(parsed.type, parsed.namespace or "", name, parsed.version or None)


def pypi(name: str, version: str | None = None) -> Coordinate:
    """The coordinate of a PyPI project by any spelling of its name."""
    return Coordinate(PYPI, "", canonicalize_name(name), version)
