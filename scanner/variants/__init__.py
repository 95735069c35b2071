"""Re-encodings of tracks, to measure what lossy codecs do to their features."""
