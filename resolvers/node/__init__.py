"""What Node programs need, how npm installs it, and how they are started."""
