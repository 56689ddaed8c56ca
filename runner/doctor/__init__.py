"""`jhansi-runner doctor`: what this host offers, what is wrong with it, and whether its sandboxes hold."""
