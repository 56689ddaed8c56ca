"""The machinery behind test_readme.py finds what is wrong with an example."""

from __future__ import annotations

import pytest

from support.console import blocks, matches, options_shown

DOCUMENT = """# Title

```console online
$ cat a.txt
one
$ jhansi-runner exec main.py
first
...
last
```

```yaml
a: 1
```
"""


def test_blocks_carry_their_tags_and_the_line_they_begin_at() -> None:
    console, yaml = blocks(DOCUMENT)
    assert (console.language, console.info, console.line) == ("console", ("console", "online"), 3)
    assert (yaml.language, yaml.text, yaml.line) == ("yaml", "a: 1\n", 12)


def test_steps_pair_each_command_with_its_output() -> None:
    cat, run = blocks(DOCUMENT)[0].steps
    assert (cat.command, cat.output, cat.line) == ("cat a.txt", "one\n", 4)
    assert (run.command, run.output, run.line) == ("jhansi-runner exec main.py", "first\n...\nlast\n", 6)


def test_output_before_the_first_command_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 1"):
        _ = blocks("```console\nhello\n```\n")[0].steps


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("", ""),
        ("one\ntwo\n", "one \ntwo\n\n"),
        ("one\n...\nfour\n", "one\nfour\n"),
        ("one\n...\nfour\n", "one\ntwo\nthree\nfour\n"),
        ("...\n", ""),
        ("took ... ms\n", "took 12 ms\n"),
        ("a.b (c)\n", "a.b (c)\n"),
    ],
)
def test_what_was_promised_matches(expected: str, printed: str) -> None:
    assert matches(expected, printed)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("", "one\n"),
        ("one\n", ""),
        ("one\n", "one\ntwo\n"),
        ("one\n...\nfour\n", "one\ntwo\n"),
        ("took ... ms\n", "took 12\nms\n"),
        ("a.b\n", "axb\n"),
    ],
)
def test_anything_else_does_not(expected: str, printed: str) -> None:
    assert not matches(expected, printed)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cat main.py", None),
        ("jhansi-runner policy explain pkg:pypi/x", (("policy", "explain"), ())),
        ("jhansi-runner exec --json --timeout=5 main.py --mine", (("exec",), ("--json", "--timeout"))),
        ("jhansi-runner exec --offline -- curl --head x", (("exec",), ("--offline",))),
        ("jhansi-runner exec main.py   # not --an-option", (("exec",), ())),
    ],
)
def test_options_shown_are_ours_and_not_the_programs(
    command: str, expected: tuple[tuple[str, ...], tuple[str, ...]] | None
) -> None:
    assert options_shown(command) == expected
