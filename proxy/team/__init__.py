"""The mirror for a team: any package manager that can reach it, under one policy that may change while it serves."""
