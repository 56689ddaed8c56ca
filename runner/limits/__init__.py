"""How much a program may use: what is allowed, who holds it to that on this host, and what is said about it."""
