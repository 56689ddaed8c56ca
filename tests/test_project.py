"""What holds for the repository as a whole."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.tree import ROOT, files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements-build.lock", "requirements.lock", "requirements-dev.lock")
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)( ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")

REGISTRY_HOSTS = {
    "a4aa2ac280bb8d1a0ce7a1be5a7bfb10292b49fe9435ad5cff19f421f3c70e41",  # PyPI
    "8b5bb5eb9d758455b8635855cf8aaf05b68775e3f83f0291e800ef338fb9783c",  # PyPI's files
    "d6d7019ca9fcbf07c769e445342515ef0c92e4f18a96adbb3bf6460f5b0ba17f",  # PyPI, older
    "6af40d8f60238faa48c0dd22f3a61c2f52aa6a2fe2e83469e4cddc59adddb6e8",  # PyPI, short
    "8743857e3ea00fd1c64bbc68b8af241954ad2c285e7a60340eec7ea5dcb200db",  # npm
    "3ca29e55be4befa48f875d24c27f9bed32fe06588819ed6264084b6670a1ebb0",  # npm's site
    "87d14f070cb9686970d008f9f94e668075fd37620381409858bf040ae1271d51",  # npm, by Yarn
    "00a7dc5a0cc388586b8665846e7d8ae94a6dd096f2aa1aa3b4aab4ac484f998a",  # Go modules
    "9da5f32d964125123cc368f231b473bea59307f811c7b9b2e731601e586b82b5",  # Go checksums
    "aa924a6f6c848636266515fc0609fb2cb280908305487ce95a6c106de826386c",  # Go index
    "048e76c14ef34200a2fd1bff13c584ea0770b46ab008f537a9cb62637655eb2b",  # Go modules, by a third party
    "317d2d52829b78129d2c9e43d001899f0c8d30968bae00b848a47154df56b0ca",  # Maven Central
    "c3db8466ffcd858989be3a43536c07568731e95124fb23850abac30074fac4f3",  # Maven Central, older
    "a242216bc91a612b0d08da08f58fe2ff86ab1341b1a2ea8fa1974378093e3786",  # its publisher
    "51d88047516dce0edd2a91f80416c2085a36f2b67d5cda7ae1fee45ca36aeecb",  # its publisher, older
}
"""SHA-256 of the names of registries, their file servers and their older names: they are spelled nowhere."""


def host_names(text: str) -> set[str]:
    """Every dotted name in a text, and every name that it lies below."""
    found = set()
    for name in re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", text.lower()):
        labels = name.split(".")
        found |= {".".join(labels[start:]) for start in range(len(labels) - 1)}
    return found


def registries_in(text: str) -> set[str]:
    """The names of registries that a text spells."""
    return {name for name in host_names(text) if hashlib.sha256(name.encode()).hexdigest() in REGISTRY_HOSTS}


def test_no_file_spells_the_host_name_of_a_registry() -> None:
    spelled = {str(file.relative_to(ROOT)): registries_in(file.read_bytes().decode("latin-1")) for file in files()}
    assert {name: hosts for name, hosts in spelled.items() if hosts} == {}


def test_the_check_knows_the_registries_by_their_public_names() -> None:
    """The digests are those of the hosts that the package-url specification's own library gives."""
    from packageurl.contrib import purl2url

    urls = [purl2url.get_repo_url("pkg:pypi/a@1")]
    urls += [purl2url.get_download_url(f"pkg:{p}@1") for p in ("npm/a", "golang/example.test/a", "maven/a.b/c")]
    for url in urls:
        assert url
        assert registries_in(f"see <{url}>"), url


def _pins(lock: str) -> list[tuple[str, str, str]]:
    """Name, version and marker of each pin in a lock file. AssertionError if a line is anything else."""
    pins = []
    for line in (ROOT / lock).read_text().splitlines():
        pin = PINNED.match(line)
        assert pin or HASH.match(line), f"{lock} has a line that is neither a pin nor a hash: {line}"
        if pin:
            pins.append((pin[1], pin[2], (pin[3] or "").strip(" ;")))
    return pins


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_pins_and_hashes_and_no_url(lock: str) -> None:
    assert _pins(lock)
    assert "://" not in (ROOT / lock).read_text()


def _asked_for(group: str) -> list[str]:
    entries = PROJECT["dependency-groups"][group]
    included = [text for entry in entries if isinstance(entry, dict) for text in _asked_for(entry["include-group"])]
    return included + [entry for entry in entries if isinstance(entry, str)]


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        ("requirements-build.lock", PROJECT["build-system"]["requires"]),
        ("requirements-build.lock", _asked_for("build")),
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements-dev.lock", PROJECT["project"]["dependencies"] + _asked_for("dev")),
    ],
)
def test_locks_are_current(lock: str, asked: list[str]) -> None:
    pins = _pins(lock)
    for requirement in map(Requirement, asked):
        versions = [version for name, version, _ in pins if name == canonicalize_name(requirement.name)]
        assert versions, f"{requirement} is not in {lock}: run `make lock`"
        fits = all if requirement.marker is None else any  # some Pythons, some of the pins
        assert fits(requirement.specifier.contains(version) for version in versions), f"{lock} is old: run `make lock`"


def test_development_runs_the_versions_that_users_get() -> None:
    development = {(name, version) for name, version, _ in _pins("requirements-dev.lock")}
    for lock in ("requirements.lock", "requirements-build.lock"):
        assert {(name, version) for name, version, _ in _pins(lock)} <= development


def test_the_environment_is_complete() -> None:
    done = subprocess.run([sys.executable, "-I", "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:\w+/)*test_\w+\*?\.py)`", (ROOT / "docs" / "security.md").read_text()))
    found = {name: [*(ROOT / "tests").glob(name), *(ROOT / "tests/attacks").glob(name)] for name in named}
    assert len(named) > 20
    assert [name for name, files in found.items() if not files] == []


def _decisions() -> list[Path]:
    return sorted((ROOT / "docs" / "adr").glob("*.md"))


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(file.name[:4]) for file in _decisions()]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("file", _decisions(), ids=lambda file: file.name)
def test_a_decision_has_its_parts(file: Path) -> None:
    text = file.read_text()
    assert re.match(rf"# 0*{int(file.name[:4])}[.:] \S", text)
    assert re.search(r"\bStatus: (proposed|accepted|superseded by \d{4})\b", text)
    assert re.search(r"\bDate: \d{4}-\d\d-\d\d\b", text)
    parts = ["Context", "Decision", "What we measured", "Consequences"]
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == parts


def test_the_changelog_knows_this_version() -> None:
    assert f"\n## {PROJECT['project']['version']}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("script", sorted((ROOT / "scripts").glob("*.sh")), ids=lambda file: file.name)
def test_shell_scripts_parse(script: Path) -> None:
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
