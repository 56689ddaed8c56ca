"""The headers are those of a tar, also of what is larger than a header can say."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from jhansi_runner.proxy.bundle import tar


@pytest.mark.parametrize("size", [0, 1, 512, 8**11 - 1, 8**11, 20 << 30])
def test_python_reads_the_name_and_the_size(size: int) -> None:
    stream = io.BytesIO(tar.header("artifacts/x", size))
    with tarfile.open(fileobj=_Endless(stream.getvalue()), mode="r|") as archive:
        found = archive.next()
        assert found is not None
        assert (found.name, found.size, found.type, found.mode) == ("jhansi-bundle/artifacts/x", size, b"0", 0o644)


class _Endless(io.RawIOBase):
    """Some bytes, and zeros after them."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size).ljust(size, b"\0")


def test_so_does_every_tar(tmp_path: Path) -> None:
    file = tmp_path / "t.tar"
    file.write_bytes(tar.header("a", 3) + b"abc" + tar.padding(3) + tar.header("b", 0) + tar.END)
    said = subprocess.run(["tar", "-xvf", file, "-C", tmp_path], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["jhansi-bundle/a", "jhansi-bundle/b"]
    assert not said.stderr
    assert (tmp_path / "jhansi-bundle" / "a").read_bytes() == b"abc"
