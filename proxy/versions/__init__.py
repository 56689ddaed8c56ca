"""Versions and version ranges, as each of the four registries writes and orders them."""
