"""Tags and stream facts of audio files, read through mutagen."""
