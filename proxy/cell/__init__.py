"""A cell: one bubblewrap process, its namespaces, and the one door that we put in."""
