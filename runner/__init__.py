"""Run it: workspace, sandbox, doorway, limits, outcome, command line."""
