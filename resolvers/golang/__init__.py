"""What a Go program needs."""
