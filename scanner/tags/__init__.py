"""Tags and stream facts of audio files, read through mutagen.

`read_tags` reads a file, `scanner.tags.write.write_tags` writes one.
"""

from scanner.tags.interpret import TagRules
from scanner.tags.reading import read_tags

__all__ = ["TagRules", "read_tags"]
