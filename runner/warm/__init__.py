"""Filling the cache with what another side will ask for."""
