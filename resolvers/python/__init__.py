"""Python: manifests, imports, and the steps that uv runs."""
