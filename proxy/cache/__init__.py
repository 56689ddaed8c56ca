"""The cache: documents and the index of artifacts in diskcache, artifacts as content-addressed files."""
