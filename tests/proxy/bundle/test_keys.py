"""Keys are minisign's own, and whatever is wrong with one is one kind of error."""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
from pathlib import Path

import pytest

from jhansi_runner.proxy.bundle.keys import BadKey, BadSignature, generate, read_public, read_secret, verify
from jhansi_runner.proxy.bundle.trust import NoKeys, own_folder, trusted
from support.bundles import KEY, new_key

DATA = b"what is signed\n" * 1000
SECRET, PUBLIC = generate("open sesame")


def _no_password() -> str:
    raise AssertionError("nobody needs a password")


def test_what_is_made_is_read() -> None:
    secret = read_secret(SECRET, "x.key", lambda: "open sesame")
    public = read_public(PUBLIC, "x.pub")
    assert secret.public == public
    signature = secret.sign(io.BytesIO(DATA), "a comment")
    assert signature == secret.sign(io.BytesIO(DATA), "a comment")
    assert verify([KEY.public, public], io.BytesIO(DATA), signature, "a comment") == public
    for keys, data, comment in (
        ([], DATA, "a comment"),
        ([KEY.public], DATA, "a comment"),
        ([public], DATA + b"x", "a comment"),
        ([public], DATA, "another comment"),
    ):
        with pytest.raises(BadSignature):
            verify(keys, io.BytesIO(data), signature, comment)


def test_a_wrong_password_is_told() -> None:
    with pytest.raises(BadKey, match=r"x\.key .*password"):
        read_secret(SECRET, "x.key", lambda: "open barley")


@pytest.mark.parametrize("data", [SECRET, PUBLIC], ids=["secret", "public"])
def test_whatever_is_no_key_is_told(data: bytes) -> None:
    comment, line, _ = data.split(b"\n")
    raw = base64.b64decode(line)
    wrong = [
        b"", b"\n", b"x", comment, line, comment + b"\n", comment + b"\n\n", comment + b"\n" + line[:-4] + b"\n",
        comment + b"\n" + line + b"AAAA\n", comment + b"\n!" + line[1:] + b"\n", b"\xff\n" + line + b"\n",
        line + b"\n" + comment + b"\n", data + b"more\n", comment + b"\n" + b"A" * 10_000 + b"\n", b"\0" * 5000,
        *(comment + b"\n" + base64.b64encode(changed) + b"\n" for changed in (
            raw[:-1], raw + b"x", b"XX" + raw[2:], raw[:2], b"", b"ED" + raw[2:])),
    ]  # fmt: skip
    for one in wrong:
        with pytest.raises(BadKey, match="somewhere"):
            if data is SECRET:
                read_secret(one, "somewhere", lambda: "open sesame")
            else:
                read_public(one, "somewhere")


def test_a_secret_key_whose_halves_differ_is_no_key() -> None:
    """One without a password has no checksum either."""
    secret, _ = generate("")
    raw = base64.b64decode(secret.split(b"\n")[1])
    plain = raw[:2] + b"\0\0" + raw[4:]
    with pytest.raises(BadKey):
        read_secret(b"untrusted comment: x\n" + base64.b64encode(plain) + b"\n", "x", _no_password)


def _minisign(*words: str, answer: str = "") -> None:
    program = shutil.which("minisign")
    if program is None:
        pytest.skip("minisign is not installed")
    subprocess.run([program, *words], input=answer, text=True, check=True, capture_output=True)


@pytest.mark.parametrize("how", ["-W", ""], ids=["without a password", "with a password"])
def test_keys_of_minisign_itself_work_here(tmp_path: Path, how: str) -> None:
    key, public = str(tmp_path / "k.key"), str(tmp_path / "k.pub")
    _minisign("-G", *how.split(), "-p", public, "-s", key, answer="pw\npw\n")
    secret = read_secret(Path(key).read_bytes(), key, _no_password if how else lambda: "pw")
    assert secret.public == read_public(Path(public).read_bytes(), public)
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "signature").write_bytes(secret.sign(io.BytesIO(DATA), "a comment"))
    _minisign("-V", "-m", str(tmp_path / "data"), "-x", str(tmp_path / "signature"), "-p", public)


def test_keys_of_ours_work_there(tmp_path: Path) -> None:
    (tmp_path / "k.key").write_bytes(SECRET)
    (tmp_path / "k.pub").write_bytes(PUBLIC)
    data = str(tmp_path / "data")
    Path(data).write_bytes(DATA)
    _minisign("-S", "-m", data, "-s", str(tmp_path / "k.key"), answer="open sesame\n")
    _minisign("-V", "-m", data, "-p", str(tmp_path / "k.pub"))


def test_which_keys_count(tmp_path: Path) -> None:
    own, site, other = new_key().public, new_key().public, new_key().public
    env = {"JHANSI_HOME": str(tmp_path / "home")}
    folder, sites, named = Path(own_folder(env)), tmp_path / "site", tmp_path / "other.pub"
    named.write_bytes(other.text)
    assert folder == tmp_path / "home" / "keys"
    with pytest.raises(NoKeys, match="--key"):
        trusted([], env, site=str(sites))
    assert trusted([str(named)], env, site=str(sites)) == (other,)
    folder.mkdir(parents=True)
    (folder / "own.pub").write_bytes(own.text)
    (folder / "readme").write_bytes(b"not a key")
    assert trusted([], env, site=str(sites)) == (own,)
    assert set(trusted([str(named)], env, site=str(sites))) == {own, other}
    sites.mkdir()
    with pytest.raises(NoKeys, match="administers"):
        trusted([], env, site=str(sites))
    (sites / "site.pub").write_bytes(site.text)
    assert trusted([], env, site=str(sites)) == (site,)
    with pytest.raises(BadKey, match="does not count here"):
        trusted([str(named)], env, site=str(sites))
    (sites / "second.pub").write_bytes(other.text)
    assert trusted([str(named)], env, site=str(sites)) == (other,)


def test_a_key_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    env = {"JHANSI_HOME": str(tmp_path)}
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "a.pub").write_bytes(KEY.public.text)
    (tmp_path / "keys" / "b.pub").write_bytes(b"x")
    with pytest.raises(BadKey, match=r"b\.pub"):
        trusted([], env, site=str(tmp_path / "none"))
    (tmp_path / "keys" / "b.pub").unlink()
    (tmp_path / "keys" / "b.pub").symlink_to("nowhere")
    with pytest.raises(BadKey, match=r"b\.pub"):
        trusted([], env, site=str(tmp_path / "none"))
    with pytest.raises(BadKey, match="keys that count cannot be read"):
        trusted([], env, site=str(tmp_path / "keys" / "a.pub"))
    (tmp_path / "keys" / "b.pub").unlink()
    (tmp_path / "site").symlink_to("nowhere")
    with pytest.raises(BadKey, match="site: the keys that count cannot be read"):
        trusted([], env, site=str(tmp_path / "site"))
