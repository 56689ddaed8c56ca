"""Runs of sandboxes: who comes when, each a process of its own, what they tell as a file. Source: ADR 16."""
