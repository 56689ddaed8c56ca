"""An archive comes into a workspace whole or not at all."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import resource
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jhansi_runner.runner.sandboxes.archive import unpack
from jhansi_runner.runner.sandboxes.archive_names import MOST_ENTRIES
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import Entry
from support.archives import MODES, descriptor, made, tar, tar_entry, zipped
from support.sandbox_homes import assert_clean, new_home, told

MOST = 1 << 20
FILES = {"a/main.py": b"print('x')\n" * 5000, "a/b/data": b"", "README é": b"text"}
PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path)


def unpacked(home: Path, data: bytes, folder: str = "", most: int = MOST) -> list[Entry]:
    with descriptor(data) as file:
        return unpack(str(home), file, folder, most=most)


def files(home: Path) -> dict[str, bytes]:
    work = home / "work"
    return {str(path.relative_to(work)): path.read_bytes() for path in work.rglob("*") if path.is_file()}


@pytest.mark.parametrize("suffix", MODES)
@pytest.mark.parametrize("folder", ["", "into/it"])
def test_each_kind_of_archive_is_unpacked(home: Path, suffix: str, folder: str) -> None:
    found = unpacked(home, made(suffix, FILES, executable=True), folder)
    begin = f"{folder}/" if folder else ""
    assert files(home) == {begin + name: data for name, data in FILES.items()}
    assert {each.path: each.size for each in found if each.kind == "file"} == {
        begin + name: len(data) for name, data in FILES.items()
    }
    assert {f"{begin}a", f"{begin}a/b"} <= {each.path for each in found if each.kind == "folder"}
    assert all(each.executable for each in found if each.kind == "file")
    assert (home / "work" / begin / "a/main.py").stat().st_mode & 0o7777 == 0o755
    assert (home / "work" / begin / "a").stat().st_mode & 0o7777 == 0o755
    assert_clean(home)


@pytest.mark.parametrize(
    "command",
    ["tar -cf {} .", "tar -czf {} .", "tar -cJf {} a top", "tar -cjf {} --format=v7 a top", "tar -cf {} -b 2048 .",
     "tar -cf {} --format=gnu a top", "tar -cf {} --format=pax a top", "tar -cf {} --format=ustar .", "zip -qr {} .",
     "zip -qr0 {} a top", "zip -qr - . | cat > {}", "jar -cMf {} a top"],
)  # fmt: skip
def test_archives_of_the_usual_tools_are_taken(home: Path, tmp_path: Path, command: str) -> None:
    if shutil.which(command.split()[0]) is None:
        pytest.skip(f"there is no {command.split()[0]} here")
    source = tmp_path / "source"
    long = "l" * 90
    (source / "a/é").mkdir(parents=True)
    if "v7" not in command:
        (source / "a" / long / long).mkdir(parents=True)
        (source / "a" / long / long / "deep.txt").write_text("deep")
    (source / "a/é/run").write_bytes(b"#!/bin/sh\n" * 1000)
    (source / "a/é/run").chmod(0o4755)
    (source / "top").write_text("top")
    (source / "top").chmod(0o600)
    place = tmp_path / "archive.zip"
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(["sh", "-c", command.format(place)], cwd=source, check=True, env=environment)
    unpacked(home, place.read_bytes())
    sent = {str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    assert files(home) == sent
    mode = (home / "work/a/é/run").stat().st_mode & 0o7777
    assert mode == (0o644 if command.startswith("jar") else 0o755)
    assert (home / "work/top").stat().st_mode & 0o7777 == 0o644


def test_a_tar_is_known_whatever_its_first_file_is_called(home: Path) -> None:
    unpacked(home, tar([tar_entry("BZhang.txt", b"x")]))
    assert files(home) == {"BZhang.txt": b"x"}


def test_a_zip_of_large_fields_is_taken(home: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive_file, archive_file.open("x", "w", force_zip64=True) as file:
        file.write(b"data")
    unpacked(home, out.getvalue())
    assert files(home) == {"x": b"data"}


def test_files_are_replaced_and_folders_joined(home: Path) -> None:
    work = home / "work"
    (work / "a").mkdir()
    (work / "a/kept").write_text("kept")
    (work / "a/main.py").write_text("old")
    (work / "README é").symlink_to("../../outside/secret")
    unpacked(home, made(".tar.gz", FILES))
    assert files(home) == {**FILES, "a/kept": b"kept"}
    assert not (work / "README é").is_symlink()
    assert_clean(home)


@pytest.mark.parametrize("there", ["file", "link", "folder"])
@pytest.mark.parametrize("folder", ["", "z/below"])
def test_what_is_in_the_way_refuses_the_whole_before_anything_is_moved(home: Path, there: str, folder: str) -> None:
    place = home / "work" / folder
    place.mkdir(parents=True, exist_ok=True)
    if there == "folder":
        (place / "README é").mkdir()
    elif there == "file":
        (place / "a").write_text("kept")
    else:
        (place / "a").symlink_to(home.parent / "outside")
    before = files(home)
    with pytest.raises(SandboxError) as error:
        unpacked(home, made(".zip", FILES), folder)
    assert told(error.value) == (409, "in_the_way")
    assert f"{folder}/{'README é' if there == 'folder' else 'a'}".lstrip("/") in str(error.value)
    assert files(home) == before
    assert_clean(home)


@pytest.mark.parametrize("where", ["link", "link/below", "file"])
def test_a_folder_to_unpack_into_is_not_reached_through_a_link_or_file(home: Path, where: str) -> None:
    (home / "work/link").symlink_to("../../outside")
    (home / "work/file").write_text("")
    with pytest.raises(SandboxError) as error:
        unpacked(home, made(".zip", FILES), where)
    assert told(error.value) == (409, "in_the_way")
    assert_clean(home)


@pytest.mark.parametrize("pack", PACKERS)
def test_streams_one_behind_the_other_are_one_archive(home: Path, pack: str) -> None:
    whole = made(".tar", FILES)
    unpacked(home, PACKERS[pack](whole[:5000]) + PACKERS[pack](whole[5000:]))
    assert files(home) == FILES


@pytest.mark.parametrize("suffix", MODES)
def test_an_archive_that_is_cut_short_anywhere_leaves_nothing(home: Path, suffix: str) -> None:
    whole = made(suffix, FILES)
    step = 97 if suffix != ".tar" else 1111
    for size in (*range(0, len(whole) - 1024, step), len(whole) - (600 if suffix == ".tar" else 1)):
        if suffix == ".tar" and size >= whole.rstrip(b"\0").__len__() + 1536:
            continue  # what fills the last record may be missing
        with pytest.raises(SandboxError):
            unpacked(home, whole[:size])
    assert files(home) == {}
    assert_clean(home)


@pytest.mark.parametrize("suffix", MODES)
def test_what_follows_on_its_end_refuses_it(home: Path, suffix: str) -> None:
    with pytest.raises(SandboxError) as error:
        unpacked(home, made(suffix, FILES) + b"more")
    assert told(error.value) == (400, "bad_archive")
    assert_clean(home)


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"text", b"\x1f\x8b", bytes(511), b"BZh9", gzip.compress(b"text"), b"x" * 4096]
)
def test_what_is_no_archive_is_refused(home: Path, data: bytes) -> None:
    with pytest.raises(SandboxError) as error:
        unpacked(home, data)
    assert told(error.value) == (400, "bad_archive")
    assert error.value.hint
    assert_clean(home)


@pytest.mark.parametrize("data", [tar([]), zipped([]), gzip.compress(tar([])), tar([tar_entry("./", kind=b"5")])])
def test_an_archive_with_nothing_in_it_is_refused(home: Path, data: bytes) -> None:
    with pytest.raises(SandboxError, match="nothing in it"):
        unpacked(home, data)


@pytest.mark.parametrize("suffix", MODES)
def test_more_than_there_is_room_for_is_refused(home: Path, suffix: str) -> None:
    data = made(suffix, {"a": bytes(600_000), "b": bytes(600_000)})
    assert len(unpacked(home, data, most=1_200_000)) == 2
    with pytest.raises(SandboxError) as error:
        unpacked(home, data, "other", most=1_199_999)
    assert told(error.value) == (413, "too_large")
    assert files(home).keys() == {"a", "b"}
    assert_clean(home)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_more_entries_than_are_taken_are_refused(home: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("archive_names", "archive_tar", "archive_zip"):
        monkeypatch.setattr(f"jhansi_runner.runner.sandboxes.{module}.MOST_ENTRIES", 30)
    few, many = ({f"{n}/x": b"" for n in range(count)} for count in (15, 16))
    unpacked(home, made(f".{kind}", few))
    with pytest.raises(SandboxError) as error:
        unpacked(home, made(f".{kind}", many), "other")
    assert told(error.value) == (413, "too_large")
    assert MOST_ENTRIES == 50_000


def test_a_disk_that_is_full_leaves_nothing(home: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    data = made(".tar.gz", {"a": b"x", "b": bytes(200_000)})
    with descriptor(data) as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
        try:
            with pytest.raises(SandboxError) as error:
                unpack(str(home), file, most=MOST)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, ignored)
    assert told(error.value) == (507, "no_space")
    assert files(home) == {}
    assert_clean(home)


def test_who_is_killed_while_files_are_moved_leaves_whole_files_and_again_completes_it(home: Path) -> None:
    data = made(".tar", {f"{name}": name.encode() * 100 for name in "abcdef"})
    (home / "work/c").write_text("old")
    with descriptor(data) as file:
        pid = os.fork()
        if pid == 0:
            rename, count = os.rename, iter(range(10))

            def dies(*args: object, **kwargs: object) -> None:
                if next(count) == 2:
                    os.kill(os.getpid(), signal.SIGKILL)
                rename(*args, **kwargs)  # type: ignore[arg-type]

            os.rename = dies
            unpack(str(home), file, most=MOST)
        _, status = os.waitpid(pid, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        assert files(home) == {"a": b"a" * 100, "b": b"b" * 100, "c": b"old"}
        unpack(str(home), file, most=MOST)
    assert files(home) == {name: name.encode() * 100 for name in "abcdef"}
    assert_clean(home)
