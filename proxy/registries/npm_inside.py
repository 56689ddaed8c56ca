"""What a tarball of npm says of itself, which is what npm obeys; a packument may say otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping

from jhansi_runner.proxy.policy.release import SCRIPT
from jhansi_runner.proxy.registries.archives import members, tolerated
from jhansi_runner.proxy.registries.interface import Inside
from jhansi_runner.proxy.registries.npm_licence import declared

INSTALL_SCRIPTS = ("preinstall", "install", "postinstall")
"""What npm runs when it installs a package. Source: the npm documentation of scripts, "npm install"."""
_BUILD = "binding.gyp"
_MAX_MANIFEST = 4 << 20


def runs_scripts(manifest: Mapping[str, object]) -> bool:
    """Whether npm runs something of a package.json's when it installs the package."""
    scripts = manifest.get("scripts")
    named = isinstance(scripts, dict) and any(scripts.get(name) for name in INSTALL_SCRIPTS)
    return named or bool(manifest.get("hasInstallScript")) or manifest.get("gypfile") is True


def inside(path: str) -> Inside:
    """The licence and the scripts by the tarball. One that cannot be read in full is taken to run something, and to
    declare nothing: what the packument says of it does not stand in for that.

    A name may occur twice, of which the last counts when it is unpacked: every one of them is looked at.
    """
    licence, runs, whole = "", False, False
    with tolerated(), members(path, ".tgz") as archive:
        for member in archive:
            folder, _, last = member.name.removeprefix("./").partition("/")
            if not folder or last not in ("package.json", _BUILD):
                continue
            if last == _BUILD or not member.isfile():  # npm builds what has one; a link may lead to anything
                runs = True
                continue
            file = archive.extractfile(member)
            manifest = json.loads(file.read(_MAX_MANIFEST)) if file else None
            if not isinstance(manifest, dict):
                raise ValueError("a package.json that is no object")
            licence = declared(manifest) or ""
            runs = runs or runs_scripts(manifest)
        whole = True
    return Inside(licence if whole else "", SCRIPT if runs or not whole else "")
