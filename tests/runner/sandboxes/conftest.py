"""Fixtures of the tests that run the whole command."""

from support.user_fixtures import new_user, owner, upstream, user

__all__ = ["new_user", "owner", "upstream", "user"]
