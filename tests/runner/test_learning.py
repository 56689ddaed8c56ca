"""What one run's packages provide is known to later runs, where a rule names the package."""

from __future__ import annotations

import pytest

from support.registry import Upstream
from support.user import User
from support.wheels import make_wheel

RULE = "rules:\n  - allow: pkg:pypi/acme-tools\n    reason: ours\n"
ALL = "rules:\n  - allow: pkg:pypi/acme-*\n    reason: all of theirs\n"
USE = "import acmetoolkit; print(acmetoolkit.value)"


@pytest.fixture
def taught(new_user: User, upstream: Upstream) -> User:
    """A user one of whose programs has a manifest with the package."""
    upstream.add(make_wheel("acme-tools", "1.0", {"acmetoolkit/__init__.py": "value = 7\n", "yaml.py": ""}))
    return new_user


def other_workspace(user: User) -> None:
    user.work = user.folder(user.root / "another")


def first_run(user: User) -> None:
    user.write("requirements.txt", "acme-tools\n")
    assert user.python(USE).stdout == "7\n"


def test_a_package_that_a_rule_names_teaches_what_it_provides(taught: User, upstream: Upstream) -> None:
    taught.policy(upstream.url, RULE)
    first_run(taught)
    other_workspace(taught)
    done = taught.python(USE)
    assert done.stdout == "7\n"
    assert "acme-tools  <- import acmetoolkit, main.py:1 (learned)" in done.stderr


@pytest.mark.parametrize("rules", ["", ALL])
def test_a_package_that_is_merely_not_denied_teaches_nothing(taught: User, upstream: Upstream, rules: str) -> None:
    taught.policy(upstream.url, rules)
    first_run(taught)
    other_workspace(taught)
    done = taught.python(USE)
    assert "No module named 'acmetoolkit'" in done.stderr
    assert "undecided: import acmetoolkit" in done.stderr


def test_what_was_learned_counts_only_while_the_rule_stands(taught: User, upstream: Upstream) -> None:
    taught.policy(upstream.url, RULE)
    first_run(taught)
    taught.policy(upstream.url)
    other_workspace(taught)
    assert "undecided: import acmetoolkit" in taught.python(USE).stderr
