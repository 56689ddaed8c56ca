"""The mirror: the cache plane, which decides every request itself and alone speaks to the upstream."""
