"""What is needed: manifests, scans, import maps and installer steps. Pure."""
