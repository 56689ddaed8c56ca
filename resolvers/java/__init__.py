"""What Java programs need."""
