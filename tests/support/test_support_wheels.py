"""Claims about the wheels and sdists that other tests install."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import uv

from support.registry.artifact import noise, virtual_file
from support.wheels import make_sdist, make_wheel

UV = uv.find_uv_bin()


def _install(file: Path, target: Path, *more: str) -> None:
    command = [UV, "pip", "install", "--no-config", "--offline", "--no-cache", "--python", sys.executable]
    subprocess.run([*command, "--target", target, file, *more], check=True, capture_output=True)


def _saved(directory: Path, filename: str, data: bytes) -> Path:
    path = directory / filename
    path.write_bytes(data)
    return path


def test_the_same_arguments_make_the_same_bytes() -> None:
    assert make_wheel("demo", "1.0").data == make_wheel("demo", "1.0").data
    assert make_sdist("demo", "1.0").data == make_sdist("demo", "1.0").data
    assert make_wheel("demo", "1.0").sha256 != make_wheel("demo", "1.1").sha256


def test_a_wheel_installs_with_modules_and_scripts_that_run(tmp_path: Path) -> None:
    wheel = make_wheel("My.Tool", "1.0", {"tool.py": "def main(): print('ran')\n"}, scripts={"t": "tool:main"})
    assert wheel.filename == "My_Tool-1.0-py3-none-any.whl"
    _install(_saved(tmp_path, wheel.filename, wheel.data), tmp_path / "lib")
    script = tmp_path / "lib" / "bin" / "t"
    ran = subprocess.run(
        [sys.executable, script], env={"PYTHONPATH": str(tmp_path / "lib")}, capture_output=True, check=True
    )
    assert ran.stdout == b"ran\n"


def test_metadata_states_requirements_extras_and_python() -> None:
    extras = {"fast": ["quick>=2", "old; python_version < '3'"]}
    wheel = make_wheel("demo", "1.0", requires=["six"], extras=extras, requires_python=">=3.9")
    assert wheel.metadata.decode().splitlines() == [
        "Metadata-Version: 2.1",
        "Name: demo",
        "Version: 1.0",
        "Requires-Python: >=3.9",
        "Requires-Dist: six",
        "Provides-Extra: fast",
        'Requires-Dist: quick>=2 ; extra == "fast"',
        "Requires-Dist: old ; (python_version < '3') and extra == \"fast\"",
    ]
    with zipfile.ZipFile(BytesIO(wheel.data)) as archive:
        assert archive.read("demo-1.0.dist-info/METADATA") == wheel.metadata
        assert archive.testzip() is None


def test_a_padded_wheel_is_big_installable_and_takes_one_block_of_memory(tmp_path: Path) -> None:
    wheel = make_wheel("demo", "1.0", size_padding=(5 << 20) + 7)
    held = {id(chunk): len(chunk) for chunk in wheel.content.chunks}
    assert wheel.size > 5 << 20
    assert sum(held.values()) < (1 << 20) + 10_000
    _install(_saved(tmp_path, wheel.filename, wheel.data), tmp_path / "lib")
    assert (tmp_path / "lib" / "demo_padding.bin").stat().st_size == (5 << 20) + 7


def test_building_an_sdist_runs_its_code_and_needs_no_registry(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    sdist = make_sdist("demo", "1.0", str(marker))
    _install(_saved(tmp_path, sdist.filename, sdist.data), tmp_path / "lib")
    assert (tmp_path / "lib" / "demo" / "__init__.py").read_text() == '__version__ = "1.0"\n'
    assert {"import", "build_wheel"} == set(marker.read_text().split())


def test_content_reads_any_span_without_joining() -> None:
    content = noise((2 << 20) + 5, seed=3)
    whole = b"".join(content.chunks)
    for start, stop in [(0, 0), (0, 1), (1 << 20, (1 << 20) + 1), (7, (2 << 20) + 1), ((2 << 20) + 4, None)]:
        assert b"".join(content.read(start, stop)) == whole[start:stop]


def test_a_virtual_file_takes_name_and_version_from_its_file_name() -> None:
    assert virtual_file("big_one-2.0-py3-none-any.whl", 10).version == "2.0"
    assert virtual_file("big-one-2.0.tar.gz", 10).name == "big-one"
    assert virtual_file("a-1.tar.gz", 10, seed=1).sha256 != virtual_file("a-1.tar.gz", 10, seed=2).sha256
    with pytest.raises(ValueError, match="not the name"):
        virtual_file("big.zip", 10)
