"""Pages about sandboxes, runs, the cache and the policy: read-only, rendered here, with one small script."""
