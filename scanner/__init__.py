"""Walk a music library, read its tags and extract windowed audio features."""
