"""The scan of a music library: its files, their tags, their audio features."""
