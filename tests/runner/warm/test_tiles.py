"""The tiles of a checksum database are those that its client asks for."""

from __future__ import annotations

from jhansi_runner.runner.warm.tiles import Lookup, Tile, needed, read


def test_a_lookup_is_read_strictly() -> None:
    record = b"7\nexample.test/m v1.0.0 h1:a=\nexample.test/m v1.0.0/go.mod h1:b=\n"
    body = record + b"\ngo.sum database tree\n70\nabc=\n\n- x y\n"
    assert read(body) == Lookup(7, 70)
    assert read(body.replace(b"\n70\n", b"\n7\n")) is None
    assert read(b"") is None and read(body[2:]) is None


def test_paths_are_written_as_the_database_has_them() -> None:
    assert Tile(0, 5, 256).path == "tile/8/0/005"
    assert Tile(1, 1234067, 12).path == "tile/8/1/x001/x234/067.p/12"


def test_a_small_tree_is_one_beginning_of_a_tile_for_each_size() -> None:
    assert [tile.path for tile in needed([Lookup(0, 3), Lookup(1, 3), Lookup(2, 5)])] == [
        "tile/8/0/000.p/3",
        "tile/8/0/000.p/5",
    ]


def test_a_tile_that_is_whole_by_now_serves_for_its_beginnings() -> None:
    paths = {tile.path for tile in needed([Lookup(10, 300), Lookup(520, 600)])}
    assert paths == {
        "tile/8/0/000",  # the record of the first
        "tile/8/0/001",  # where the tree of the first ended
        "tile/8/0/002.p/88",
        "tile/8/1/000.p/1",
        "tile/8/1/000.p/2",
    }
