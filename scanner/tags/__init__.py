"""Tags and stream facts of audio files, read through mutagen.

`read_tags` reads a file, `scanner.tags.write.write_tags` writes one.
"""
