"""Sandboxes that have a name: created, given files, run in, copied, deleted. For HTTP, MCP and the command line."""
