"""Running calls elsewhere."""
