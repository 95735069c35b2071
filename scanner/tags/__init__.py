"""Tags and stream facts of audio files, read and written through mutagen."""
