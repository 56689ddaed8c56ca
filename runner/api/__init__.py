"""The service over HTTP: thin, for all that is decided is decided in `runner/sandboxes`."""
