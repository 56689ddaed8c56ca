"""An error that a limit of the session causes names that limit, and what raises it; no other error does."""

from __future__ import annotations

import errno
import os

import pytest

from jhansi_runner.runner.cli import report
from jhansi_runner.runner.session_limits import of_error, of_words


@pytest.mark.parametrize(
    ("number", "name"), [(errno.EMFILE, "NOFILE"), (errno.EFBIG, "FSIZE"), (errno.EAGAIN, "NPROC")]
)
def test_the_limit_and_what_raises_it(number: int, name: str) -> None:
    by_error, by_words = of_error(number), of_words(f"bwrap: what: {os.strerror(number)}")
    for limit in (by_error, by_words):
        assert limit is not None
        assert f"RLIMIT_{name}" in limit.wrong
        assert f"Limit{name}=" in limit.remedy and "\n  ulimit -" in limit.remedy


def test_every_other_error_has_no_such_limit() -> None:
    assert of_error(None) is None
    assert of_error(errno.ENOSPC) is None
    assert of_words(os.strerror(errno.ENFILE)) is None, "the table of the whole host is full"
    assert of_words("") is None


def test_an_error_without_a_file_is_told_as_one_of_the_session(capfd: pytest.CaptureFixture[str]) -> None:
    assert report(OSError(errno.EMFILE, os.strerror(errno.EMFILE))) == 125
    said = capfd.readouterr().err
    assert "Too many open files" in said and "ulimit -n" in said
    assert "Traceback" not in said


def test_a_fault_of_ours_still_has_its_trace(capfd: pytest.CaptureFixture[str]) -> None:
    assert report(OSError("odd")) == 125
    assert "please report" in capfd.readouterr().err
