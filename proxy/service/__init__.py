"""The service: one background process per user that holds the mirror, and the gate as its child."""
