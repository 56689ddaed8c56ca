"""Import names that wheels bring, and that no wheel can take a name that is somebody's."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.resolvers.python import learned
from jhansi_runner.resolvers.python.learned import distributions, import_names, rows, unclaimed
from jhansi_runner.resolvers.python.names import LEARNED, NameMap, default_names
from support.wheels import make_wheel

TRUSTED = frozenset({"acme-tools", "acme-more"})


def wheel(*paths: str) -> io.BytesIO:
    built = make_wheel("acme-tools", "1.0", dict.fromkeys(paths, ""))
    return io.BytesIO(b"".join(built.content.chunks))


def test_modules_and_packages_at_the_top_are_names() -> None:
    found = import_names(
        wheel(
            "acme/__init__.py",
            "acme/deep/__init__.py",
            "single.py",
            "fast.cpython-312-x86_64-linux-gnu.so",
            "plain.so",
            "acme_tools-1.0.data/purelib/moved/__init__.py",
            "acme_tools-1.0.data/scripts/run.py",
            "namespace/part/__init__.py",
            "_private.py",
            "text.txt",
            "a-b/__init__.py",
        )
    )
    assert found == {"acme", "single", "fast", "plain", "moved"}


def raw(record: bytes, names: tuple[str, ...] = ("a-1.dist-info/RECORD",)) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, record)
    return made


def test_hostile_wheels_claim_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert import_names(raw(b"good.py,,\n")) == {"good"}
    for made in (
        io.BytesIO(b"not a zip"),
        raw(b"good.py,,\n", ()),
        raw(b"good.py,,\n", ("a-1.dist-info/RECORD", "b-1.dist-info/RECORD")),
        raw(b"\xff\xfe.py,,\n"),
        raw("".join(f"many{number}.py,,\n" for number in range(1000)).encode()),
        raw(b'"' + b"x" * 200_000 + b'",,\n'),
        raw(b"../up.py,,\n/abs.py,,\na/b.py\n\n,\n\tx.py\n"),
    ):
        assert import_names(made) == frozenset()
    monkeypatch.setattr(learned, "MAX_RECORD", 10)
    assert import_names(raw(b"good.py,,\n" * 2)) == frozenset()


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_wheel_is_read_or_not(record: bytes, place: int, value: int) -> None:
    data = bytearray(raw(b"good.py,,\n" + record).getvalue())
    data[place % len(data)] = value
    assert all(name.isidentifier() for name in import_names(io.BytesIO(bytes(data))))


@pytest.mark.parametrize("name", ["requests", "yaml", "cv2", "google", "utils", "json", "tkinter", "flask_login"])
def test_a_name_that_somebody_has_cannot_be_taken(name: str) -> None:
    assert unclaimed(rows("acme-tools", [name]), default_names(), TRUSTED) == {}


def test_a_name_that_nobody_has_is_an_answer() -> None:
    names = default_names()
    found = unclaimed(rows("Acme.Tools", ["acmetoolkit"]), names, TRUSTED)
    informed = NameMap(names.curated, names.pipreqs, names.known, names.ranked, found)
    answer = informed.lookup("acmetoolkit.deep")
    assert answer is not None
    assert (answer.requirements, answer.matched, answer.origin) == (("acme-tools",), "acmetoolkit", LEARNED)


def test_what_two_provide_or_nobody_vouches_for_is_none() -> None:
    text = rows("acme-tools", ["acmetoolkit", "acmeonly"]) + rows("acme-more", ["acmetoolkit"])
    assert unclaimed(text, default_names(), TRUSTED) == {"acmeonly": "acme-tools"}
    assert unclaimed(text, default_names(), {"another"}) == {}
    assert distributions(text) == TRUSTED


@given(st.text(alphabet="acme-tools_\t\n.;@ ", max_size=200))
def test_any_lines_are_read(text: str) -> None:
    for name, distribution in unclaimed(text, default_names(), distributions(text)).items():
        assert name.isidentifier()
        assert distribution.replace("-", "a").isalnum()
