"""The ffmpeg program, which encodes: where it is."""

from __future__ import annotations

import shutil
from functools import cache

from scanner.exceptions import DecodeError


@cache
def ffmpeg_path() -> str:
    """Return the path of the system's ffmpeg, else of the one imageio-ffmpeg brings.

    Raises
    ------
    DecodeError
        If there is neither.
    """
    if found := shutil.which("ffmpeg"):
        return found
    import imageio_ffmpeg  # noqa: PLC0415  (only where the system has none)

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise DecodeError(
            "no ffmpeg found: install it, or the package imageio-ffmpeg"
        ) from error
