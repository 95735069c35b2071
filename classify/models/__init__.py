"""The models that a library can be classified by, imported when they are chosen."""
