"""The map of a library: tracks or windows laid out in the plane by their sound."""
