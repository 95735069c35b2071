"""What a file's headers say of its length: the measure of a truncated one."""

from __future__ import annotations

import os

from scanner.identify import audio_start


def declared_frames(fd: int, container: str) -> int | None:
    """Return the samples per channel that the file declares, None if it does not.

    Parameters
    ----------
    fd : int
        Of the file, open for reading.
    container : str
        As `scanner.identify.identify` told it.
    """
    if container == "flac":
        return _flac(fd)
    return None


def _flac(fd: int) -> int | None:
    """Read the total of STREAMINFO, 0 where the encoder did not know it."""
    start = audio_start(fd)
    head = os.pread(fd, 42, start)
    if len(head) < 42 or head[:4] != b"fLaC" or head[4] & 0x7F:
        return None
    return int.from_bytes(head[21:26], "big") & 0xFFFFFFFFF or None
