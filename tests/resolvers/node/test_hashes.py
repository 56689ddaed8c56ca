"""A lock that has another hash than the registry: the package is named."""

from __future__ import annotations

import base64
import json

from jhansi_runner.resolvers.node.hashes import of_another

ONE, OTHER = (f"sha512-{base64.b64encode(bytes([number]) * 64).decode()}" for number in (1, 2))
FAILED = "integrity checksum failed when using sha512"
WORDS = f"npm error code EINTEGRITY\nnpm error {ONE} {FAILED}: wanted {ONE} but got {OTHER}."
LOCK = json.dumps(
    {
        "packages": {
            "": {"name": "x"},
            "node_modules/ms": {"version": "2.1.3", "integrity": ONE},
            "node_modules/a/node_modules/@b/c": {"version": "1.0.0", "integrity": OTHER},
            "lib": {"link": True},
        }
    }
)
YARN = f'ms@^2.1.0:\n  version "2.1.3"\n  integrity {ONE}\n\nleft@^1.0.0:\n  version "1.0.0"\n  integrity {OTHER}\n'


def test_the_package_is_named_whichever_lock_it_is() -> None:
    for path, text in (("project/package-lock.json", LOCK), ("project/web/yarn.lock", YARN)):
        (line,) = of_another(WORDS, {path: text, "project/package.json": "{}"})
        assert line.startswith("ms@2.1.3 has another sha512 in the lock: ")


def test_other_words_explain_nothing() -> None:
    assert of_another("npm error code E404", {"project/package-lock.json": LOCK}) == []
    assert of_another(WORDS, {"project/package.json": "{}"}) == []
    assert of_another(WORDS.replace(ONE, "sha512-" + "A" * 30), {"project/package-lock.json": LOCK}) == []
