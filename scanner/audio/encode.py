"""Signals written to audio files by ffmpeg, through pydub."""

from __future__ import annotations

import os
import shutil
import warnings
from functools import cache

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from scanner.exceptions import DecodeError

with warnings.catch_warnings():
    # Old regular expressions, audioop, and an ffmpeg that is not on the PATH.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.exceptions import CouldntEncodeError

# codec -> (ffmpeg's format, ffmpeg's encoder)
_TARGETS = {
    "mp3": ("mp3", "libmp3lame"),
    "flac": ("flac", "flac"),
    "vorbis": ("ogg", "libvorbis"),
    "opus": ("ogg", "libopus"),
    "aac": ("ipod", "aac"),
    "alac": ("ipod", "alac"),
    "wav": ("wav", "pcm_s16le"),
    "aiff": ("aiff", "pcm_s16be"),
    "wma": ("asf", "wmav2"),
    "wavpack": ("wv", "wavpack"),
}


def encoder_name(codec: str) -> str:
    """Return what ffmpeg calls the encoder that writes `codec`.

    >>> encoder_name("mp3")
    'libmp3lame'
    """
    return _TARGETS[codec][1]


def encode(
    samples: NDArray[np.float32],
    sr: int,
    path: str | os.PathLike[str],
    codec: str,
    bitrate: str | None = None,
) -> None:
    """Write `samples` to the file `path`.

    Parameters
    ----------
    samples : float, shape (n,) or (n, channels)
        Full scale is [-1, 1]; what exceeds it is clipped. Stored with 16 bits.
    sr : int
        Hz. Opus files hold 48 000 Hz whatever this is.
    codec : str
        "mp3", "flac", "vorbis", "opus", "aac", "alac", "wav", "aiff", "wma" or
        "wavpack".
    bitrate : str, optional
        As ffmpeg takes it, "128k". The encoder's default otherwise.

    Raises
    ------
    ValueError
        If the codec is none of these.
    DecodeError
        If ffmpeg fails.
    """
    if codec not in _TARGETS:
        raise ValueError(f"codec must be one of {sorted(_TARGETS)}, not {codec!r}")
    container, encoder = _TARGETS[codec]
    shaped = samples[:, np.newaxis] if samples.ndim == 1 else samples
    pcm = np.round(np.clip(shaped, -1, 1) * 32767).astype("<i2")
    AudioSegment.converter = ffmpeg_path()
    segment = AudioSegment(
        pcm.tobytes(), frame_rate=sr, sample_width=2, channels=shaped.shape[1]
    )
    # Without these the same samples would make different bytes each time.
    exact = ["-bitexact", "-map_metadata", "-1", "-threads", "1"]
    try:
        segment.export(
            os.fspath(path),
            format=container,
            codec=encoder,
            bitrate=bitrate,
            parameters=exact,
        ).close()
    except CouldntEncodeError as error:
        raise DecodeError(f"cannot encode {codec}: {error}") from error


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
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise DecodeError(
            "no ffmpeg found: install it, or the package imageio-ffmpeg"
        ) from error
