"""Signals encoded and decoded again, once or more, with the delay undone."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from scanner.audio.decode import open_audio
from scanner.audio.encode import encode, encoder_name, ffmpeg_path
from scanner.exceptions import (
    DecodeError,
    EncoderMissingError,
    FileError,
    VariantError,
)
from scanner.variants.align import align, make_reference
from scanner.variants.encodings import Encoding, Variant, parse_variant

MAX_DURATION_S = 900.0
"""A longer track is not encoded: all of it would have to be in memory."""

DISK_STAGE = "disk"
"""Stage of the failure where there is no room for temporary files."""

_MAX_SR = 48_000
_DISK_FULL = os.strerror(errno.ENOSPC)


def require_encoders(names: Iterable[str]) -> None:
    """See that ffmpeg has what the variants `names` need.

    Raises
    ------
    EncoderMissingError
        The first that it has not.
    DecodeError
        There is no ffmpeg.
    """
    program = ffmpeg_path()
    command = [program, "-hide_banner", "-encoders"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    known = {
        words[1]
        for line in listed.stdout.splitlines()
        if len(words := line.split()) > 1
    }
    for name in names:
        for step in parse_variant(name).encodings:
            if encoder_name(step.codec) not in known:
                raise EncoderMissingError(name, encoder_name(step.codec), program)


def read_samples(path: bytes) -> tuple[NDArray[np.float32], int]:
    """Return a file's audio, float32 of shape (n, channels), and its rate in Hz."""
    with open_audio(path) as audio:
        blocks = list(audio.blocks())
        return np.concatenate(blocks), audio.sample_rate


def transcode(
    samples: NDArray[np.float32], sr: int, variant: Variant, folder: str
) -> tuple[NDArray[np.float32], int, str]:
    """Return what is left of a signal after the encodings of a variant.

    Parameters
    ----------
    samples : float32, shape (n, channels)
        More than two channels are averaged into one.
    sr : int
        Hz.
    variant : Variant
    folder : str
        Where temporary files may be made; none is left there.

    Returns
    -------
    samples : float32, shape (m, channels)
        In step with the original, and as long to the sample (at its own rate).
    sr : int
        Opus makes 48 000 Hz of everything; rates above that become it, too.
    decoder : str
        Of the last generation.

    Raises
    ------
    VariantError
        An encoder refused the signal, or the result is not the same music.
    FileError
        Of the stage "disk": there is no room for temporary files.
    """
    samples, sr = _make_encodable(samples, sr)
    decoder = ""
    for step in variant.encodings:
        known = make_reference(samples, sr)
        path = Path(folder, f"{os.getpid()}.{step.codec}")
        try:
            _encode(samples, sr, path, step)
            with open_audio(os.fsencode(path)) as audio:
                decoded = np.concatenate(list(audio.blocks()))
                sr, decoder = audio.sample_rate, audio.decoder
        except DecodeError as error:
            raise VariantError(f"{step.codec} at {step.bitrate}: {error}") from error
        finally:
            path.unlink(missing_ok=True)
        samples = align(known, decoded, sr)
    return samples, sr, decoder


def _make_encodable(
    samples: NDArray[np.float32], sr: int
) -> tuple[NDArray[np.float32], int]:
    if samples.shape[1] > 2:
        samples = samples.mean(axis=1, keepdims=True)
    if sr > _MAX_SR:
        samples, sr = soxr.resample(samples, sr, _MAX_SR), _MAX_SR
    return samples, sr


def _encode(samples: NDArray[np.float32], sr: int, path: Path, step: Encoding) -> None:
    try:
        encode(samples, sr, path, step.codec, step.bitrate)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise FileError(DISK_STAGE, str(error.strerror)) from error
        raise VariantError(f"cannot encode: {error.strerror}") from error
    except DecodeError as error:
        if _DISK_FULL in error.reason:
            raise FileError(DISK_STAGE, _DISK_FULL) from error
        raise
