"""The gate: CONNECT, TLS, identity, and the yes or no, in a network namespace whose only way out is the mirror."""
