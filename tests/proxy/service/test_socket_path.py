"""The control socket works in a folder with a path of any length that Linux takes, and says so beyond."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.service.client import connect
from jhansi_runner.proxy.service.socket_path import bound, connected
from support.descriptors import descriptors
from support.mirror import eventually
from support.service import service_home, services


@pytest.fixture
def top() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="jh-")
    yield folder
    shutil.rmtree(folder)


def _long(top: str, length: int) -> str:
    """A path of so many bytes below a folder; no part of it is longer than 200."""
    path = top
    while len(path) < length:
        path += "/" + "d" * min(200, length - len(path) - 1)
    return path if len(path) == length and not path.endswith("/") else _long(top + "/x", length)


@pytest.mark.parametrize("length", [100, 107, 108, 109, 200, 1000, 4000, 4095])
def test_a_socket_in_a_folder_with_a_long_path_is_found(top: str, length: int) -> None:
    folder = _long(top, length)
    os.makedirs(folder)
    assert len(folder) == length
    assert connected(folder, "key") is None
    for _ in range(2):
        with bound(folder, "key") as listener:
            ours = connected(folder, "key")
            assert ours is not None
            theirs, _ = listener.accept()
            with ours, theirs:
                ours.send(b"hello")
                assert theirs.recv(10) == b"hello"
        assert connected(folder, "key") is None, "what a dead service left"
    assert os.listdir(folder) == ["key.sock"]


@pytest.mark.parametrize("length", [4096, 4200, 20_000])
def test_a_path_that_no_file_system_takes_is_said_with_what_to_do(top: str, length: int) -> None:
    before = descriptors()
    for opened in (bound, connected):
        with pytest.raises(OSError, match=rf"too long a path \({length} bytes\).*set JHANSI_HOME") as caught:
            opened(_long(top, length), "key")
        assert len(str(caught.value)) < 250
    assert descriptors() <= before


def test_the_service_serves_a_home_whose_path_is_longer_than_a_sockets_address(top: str) -> None:
    home = _long(top, 400)
    with service_home(JHANSI_HOME=home):
        connect(paths.current(os.environ)).close()
        (service,) = services(home)
        os.kill(service, signal.SIGTERM)
        eventually(lambda: not services(home))
