"""A mirror remembers rows; when another process imports some, it forgets them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jhansi_runner.proxy.cache.store import Store
from support.mirror import mirrored
from support.wheels import make_wheel


def test_what_an_import_tells_of_an_artifact_is_seen_at_once(tmp_path: Path) -> None:
    with mirrored(tmp_path) as (up, mirror):
        assert mirror.get(mirror.place(up.add(make_wheel("demo", "1.0")))).status == 200
        key, artifact = next(mirror.store.artifacts())
        assert mirror.artifacts.kept(key) == artifact
        other = Store(str(tmp_path))
        changed = replace(artifact, licence="MIT")
        other.keep_artifact(key, changed)
        assert mirror.artifacts.kept(key) == artifact, "it remembers none, so this shows nothing"
        other.imported()
        other.close()
        assert mirror.artifacts.kept(key) == changed
