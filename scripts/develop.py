"""Puts this tree into the environment that runs the script, so that an edit takes effect at once.

An editable install would do the same, but its import hook adds 11 ms to every start of the command
(docs/adr/0002-packaging.md). A line in a `.pth` file adds nothing that can be measured.
"""

import compileall
import shutil
import sysconfig
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from setuptools import build_meta

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("client", "proxy", "resolvers", "runner")


def link_packages(directory: Path) -> None:
    """Make `directory/jhansi_runner/proxy` and its siblings point at the top-level folders."""
    package = directory / "jhansi_runner"
    package.mkdir(parents=True, exist_ok=True)
    for name in PACKAGES:
        link = package / name
        link.unlink(missing_ok=True)
        link.symlink_to(Path("..", "..", name))


def write_metadata(site_packages: Path) -> None:
    """Write the metadata that an install would leave, which `importlib.metadata` and plug-ins read."""
    for old in site_packages.glob("jhansi_runner-*.dist-info"):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory() as scratch, redirect_stdout(StringIO()):
        name = build_meta.prepare_metadata_for_build_wheel(scratch)
        shutil.copytree(Path(scratch, name), site_packages / name)


def main() -> None:
    """Link, describe, compile and install the command. Repeating it is harmless."""
    links = ROOT / ".link"
    site_packages = Path(sysconfig.get_path("purelib"))
    command = Path(sysconfig.get_path("scripts")) / "jhansi-runner"
    link_packages(links)
    (site_packages / "jhansi_runner.pth").write_text(f"{links}\n")
    write_metadata(site_packages)
    for name in PACKAGES:
        # Users who share this tree may not be able to write to it, and would compile at every start.
        compileall.compile_dir(links / "jhansi_runner" / name, quiet=1)
    command.unlink(missing_ok=True)
    shutil.copy(ROOT / "scripts" / "launcher.sh", command)
    command.chmod(0o755)


if __name__ == "__main__":
    main()
