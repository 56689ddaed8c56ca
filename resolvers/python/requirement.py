"""From PEP 508 text to a requirement with its place."""

from __future__ import annotations

from dataclasses import replace

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from jhansi_runner.proxy.coordinate import pypi
from jhansi_runner.resolvers.interface import ManifestError, Requirement

MANIFEST = "manifest"
MAX_TEXT = 10_000


def from_pep508(
    text: str,
    file: str,
    line: int,
    *,
    origin: str = MANIFEST,
    hashes: tuple[str, ...] = (),
    import_name: str | None = None,
    optional: bool = False,
) -> Requirement:
    """One requirement. Raises ManifestError when the text is not PEP 508, or its address not HTTPS."""
    try:
        if len(text) > MAX_TEXT:
            raise InvalidRequirement(f"longer than {MAX_TEXT} characters")
        if not text.replace("\t", " ").isprintable():
            # PEP 508 allows any of them in an address; in uv's input a line break would begin an option.
            raise InvalidRequirement("it holds a line break or another control character")
        parsed = Pep508(text)
        marker = str(parsed.marker) if parsed.marker else ""
    except (InvalidRequirement, RecursionError) as fault:
        reason = str(fault).partition("\n")[0] or "is nested too deeply"
        hint = 'write it as a name and versions, such as "requests>=2.31"'
        raise ManifestError(file, line, f"{text[:80]!r} is not a requirement: {reason}", hint) from None
    if parsed.url:
        check_url(parsed.url, file, line)
    name = canonicalize_name(parsed.name)
    return Requirement(
        name=name,
        specifier=str(parsed.specifier),
        purl=pypi(name, pinned(parsed.specifier)).purl,
        import_name=import_name,
        file=file,
        line=line,
        origin=origin,
        extras=tuple(sorted(canonicalize_name(extra) for extra in parsed.extras)),
        marker=marker,
        hashes=hashes,
        url=parsed.url,
        optional=optional,
    )


def merged(first: Requirement, second: Requirement) -> Requirement:
    """One requirement for two imports of the same package; the first import is the one that is named."""
    specifier = SpecifierSet(first.specifier) & SpecifierSet(second.specifier)
    return replace(
        first,
        specifier=str(specifier),
        extras=tuple(sorted({*first.extras, *second.extras})),
        optional=first.optional and second.optional,
    )


def pinned(specifier: SpecifierSet) -> str | None:
    """The one version that a specifier allows, None where there may be several."""
    clauses = list(specifier)
    if len(clauses) == 1 and clauses[0].operator in ("==", "===") and not clauses[0].version.endswith(".*"):
        return clauses[0].version
    return None


def check_url(url: str, file: str, line: int) -> None:
    """Refuse what only git or the author's own disk can give."""
    scheme = url.partition(":")[0].lower()
    if scheme == "https":
        return
    if "+" in scheme or scheme == "git":
        hint = "name a released version from the registry instead; version control is not reachable"
        raise ManifestError(file, line, f"{url[:80]!r} is a version control address", hint)
    hint = "use a released version, or put the code itself into the workspace"
    raise ManifestError(file, line, f"{url[:80]!r} is not an https address", hint)
