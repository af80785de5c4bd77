"""URLs: their parts, and what they stand for."""
