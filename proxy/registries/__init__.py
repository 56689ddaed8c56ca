"""The registries: one file each for URL grammar, dates, hashes, filtering and rendering."""
