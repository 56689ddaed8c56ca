"""Fixtures of the tests that run the whole command, again and again."""

from support.user_fixtures import new_user, upstream

__all__ = ["new_user", "upstream"]
