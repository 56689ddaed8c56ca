"""Archives as people make them, and as nobody should."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

MODES = {".zip": "", ".tar": "w:", ".tar.gz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}


Item = tuple[tarfile.TarInfo, bytes]


def tar_entry(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, **fields: object) -> Item:
    """An entry of a tar archive, with fields of TarInfo as given."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tar(entries: Iterable[Item], mode: str = "w:", how: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=how) as archive:  # type: ignore[call-overload]
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(
    files: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED, mode: int = stat.S_IFREG | 0o644
) -> bytes:
    """A zip archive; the same name may come twice. `mode` is that of all its files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.create_system, info.compress_type = mode << 16, 3, method
            archive.writestr(info, data)
    return out.getvalue()


def made(suffix: str, files: dict[str, bytes], *, executable: bool = False) -> bytes:
    """An archive of the kind that a suffix names."""
    mode = 0o755 if executable else 0o644
    if suffix == ".zip":
        return zipped(list(files.items()), mode=stat.S_IFREG | mode)
    return tar([tar_entry(name, data, mode=mode) for name, data in files.items()], MODES[suffix])


def overlapping(count: int = 9) -> bytes:
    """A zip whose entries all have the same bytes for their content, as the smallest bombs have."""
    single = zipped([("0", bytes(100_000))])
    begin, end = single.index(b"PK\x01\x02"), single.rindex(b"PK\x05\x06")
    directory = b"".join(single[begin : begin + 46] + b"%d" % number for number in range(count))
    tail = bytearray(single[end:])
    tail[8:12] = count.to_bytes(2, "little") * 2
    tail[12:16] = len(directory).to_bytes(4, "little")
    return single[:begin] + directory + bytes(tail)


@contextmanager
def descriptor(data: bytes) -> Iterator[int]:
    """An open file with these bytes."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.fileno()
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == len(data)
