"""The models by which a library can be classified."""
