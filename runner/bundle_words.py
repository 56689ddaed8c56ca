"""What the commands about bundles print, in words and as JSON."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.bundle.export import Exported
from jhansi_runner.proxy.bundle.importing import Outcome
from jhansi_runner.proxy.bundle.judging import Refused
from jhansi_runner.proxy.bundle.manifest import Header, Origin
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.choice import total
from jhansi_runner.proxy.cache.contents import things
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.policy.sizes import size_text
from jhansi_runner.runner.console import counted, shown

_LISTED = 20


def cache_size(store: Store, files: ArtifactFiles) -> int:
    """How many bytes a cache holds that count for its limit."""
    return total(things(store, files, frozenset()))


def header_data(name: str, header: Header) -> dict[str, object]:
    """What a bundle says of itself, as JSON."""
    return {
        "bundle": name,
        "base": header.base or None,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(header.created)),
        "by": header.by,
        "release": header.release,
        "policy": header.policy,
        "artifacts": header.artifacts,
        "documents": header.documents,
        "members": header.members,
        "members_bytes": header.members_size,
        "bytes": header.size,
        "upstreams": {one.prefix: one.index for one in header.origins},
        "wants": list(header.wants),
    }


def exported_data(done: Exported) -> Mapping[str, object]:
    """An export as JSON."""
    return {
        **header_data(done.name, done.header),
        "files": list(done.parts),
        "files_bytes": done.size,
        "refused": [_refused_data(one) for one in done.stays.refused],
        "left": [{"what": one.what, "reason": one.reason} for one in done.stays.others],
    }


def render_exported(done: Exported) -> str:
    """An export in lines."""
    header = done.header
    lines = _refused_lines(done.stays.refused, "stays here")
    lines += _some([f"stays here: {shown(one.what)}: {shown(one.reason)}" for one in done.stays.others])
    lines.append(f"{_things(header.artifacts, header.documents)}, {size_text(header.size)}")
    if header.base:
        lines.append(f"{counted(header.members, 'file')} of that, {size_text(header.members_size)}, are new")
        lines.append(f"it adds to the bundle {header.base}, which has to be imported before")
    lines += [f"written and proven: {shown(part)}" for part in done.parts]
    lines.append(f"bundle {done.name}")
    return "\n".join(lines)


def imported_data(done: Outcome, *, dry_run: bool, limit: int, size: int) -> Mapping[str, object]:
    """An import as JSON."""
    return {
        **header_data(done.name, done.header),
        "dry_run": dry_run,
        "key": done.key,
        "new": {"artifacts": done.artifacts, "artifacts_bytes": done.artifacts_size, "documents": done.documents},
        "there": done.there,
        "refused": [_refused_data(one) for one in done.refused],
        "upstreams_missing": {one.prefix: one.index for one in done.foreign},
        "cache_bytes": size if limit else None,
        "cache_limit": limit or None,
    }


def render_imported(done: Outcome, *, dry_run: bool, limit: int, size: int) -> str:
    """An import in lines."""
    lines = _refused_lines(done.refused, "refused by the policy of this side")
    lines += [_foreign(one) for one in done.foreign]
    came = f"{_things(done.artifacts, done.documents)}, {size_text(done.artifacts_size)} of artifacts"
    lines.append(f"{'would come' if dry_run else 'came'}: {came}; there already: {done.there}")
    if limit and size > limit:
        lines.append(
            f"the cache holds {size_text(size)}, more than its limit of {size_text(limit)}: what was not used for "
            "longest goes again; set JHANSI_CACHE_LIMIT higher"
        )
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(done.header.created))
    lines.append(f"bundle {done.name}, by {shown(done.header.by)}, {when} UTC, signed by {done.key}")
    return "\n".join(lines)


def _foreign(one: Origin) -> str:
    type_, own, _ = one.prefix.partition("@")
    if not own:
        words = f"the policy does not list {type_}, or names an `upstream` of your own for it"
        return f"nothing from the public registry {type_} is served here: {words}"
    index = shown(one.index)
    return f"nothing of {index} is served here: the policy does not say `upstream: {index}` for {type_}"


def _things(artifacts: int, documents: int) -> str:
    return f"{counted(artifacts, 'artifact')}, {counted(documents, 'document')}"


def _refused_data(one: Refused) -> Mapping[str, object]:
    return {"purl": one.purl, "filename": one.filename, "code": one.code, "reason": one.reason, "rule": one.rule}


def _refused_lines(found: Sequence[Refused], what: str) -> list[str]:
    return _some([f"{what}: {shown(one.reason)}" for one in found])


def _some(lines: Sequence[str]) -> list[str]:
    more = [f"and {len(lines) - _LISTED} more; --json shows all"] if len(lines) > _LISTED else []
    return [*lines[:_LISTED], *more]
