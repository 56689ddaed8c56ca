"""Every registry that this release has, by package-url type."""

from __future__ import annotations

from collections.abc import Mapping

from jhansi_runner.proxy.registries.golang import Golang
from jhansi_runner.proxy.registries.interface import Registry
from jhansi_runner.proxy.registries.maven import Maven
from jhansi_runner.proxy.registries.npm import Npm
from jhansi_runner.proxy.registries.pypi import Pypi


def registries() -> Mapping[str, Registry]:
    """One of each; they remember what they parsed, so a process makes them once."""
    found: tuple[Registry, ...] = (Pypi(), Npm(), Maven(), Golang())
    return {one.type: one for one in found}
