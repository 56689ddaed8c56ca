"""Policy: which packages may enter, by which rule, and why not."""
