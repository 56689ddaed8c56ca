"""What belongs to the standard library of some Python."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.python.stdlib import is_stdlib


@pytest.mark.parametrize("name", ["os.path", "tomllib", "distutils.core", "imghdr", "urllib2", "Tkinter", "__future__"])
def test_modules_of_some_python(name: str) -> None:
    assert is_stdlib(name)


@pytest.mark.parametrize("name", ["requests", "yaml", "configparser2", "osx", "six.moves"])
def test_other_modules(name: str) -> None:
    assert not is_stdlib(name)
