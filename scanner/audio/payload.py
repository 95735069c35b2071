"""The hash of a file's audio alone, which stays the same while its tags are edited."""

from __future__ import annotations

import hashlib
import os
from typing import IO, NamedTuple

from scanner.audio.containers import audio_spans, ogg_spans
from scanner.audio.files import AudioFile, audio_file, cause
from scanner.audio.stream_length import (
    AdtsWalk,
    FlacWalk,
    MpegWalk,
    OggWalk,
    StreamLength,
    Walk,
)
from scanner.exceptions import FileError

_BLOCK = 1 << 20


class Payload(NamedTuple):
    """The audio of a file.

    Attributes
    ----------
    hash : str
        BLAKE2b over the container's name and the audio, 32 hexadecimal digits.
    length : StreamLength or None
        What its frames add up to: of MP3, AAC in ADTS, FLAC and Ogg.
    """

    hash: str
    length: StreamLength | None


def payload_hash(path: bytes) -> str:
    """Return the hash of the audio in the file at `path`, as `read_payload` does.

    Raises
    ------
    FileError
        If the file cannot be read or is no audio (stage "identify").
    """
    try:
        with audio_file(path) as file:
            return read_payload(file).hash
    except OSError as error:
        raise FileError("identify", cause(error)) from error


def read_payload(file: AudioFile) -> Payload:
    """Hash the audio in an open file, without its tags, and count its frames.

    What `audio_spans` finds is hashed, with the container's name; a file in which it
    finds nothing is hashed whole. The memory used does not depend on the size.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    digest = hashlib.blake2b(file.container.encode(), digest_size=16)
    walk = _walk(file)
    pages = OggWalk() if file.container == "ogg" else None
    hashed = 0
    with open(file.fd, "rb", buffering=_BLOCK, closefd=False) as stream:
        spans = (
            ogg_spans(stream, pages) if pages else audio_spans(stream, file.container)
        )
        for start, length in spans:
            hashed += _feed(digest, walk, stream, start, length)
        if not hashed:
            _feed(digest, None, stream, 0, file.size())
    counted = pages or walk
    return Payload(digest.hexdigest(), counted.finish() if counted else None)


def _walk(file: AudioFile) -> Walk | None:
    """Return what counts the frames of a file, None if nothing does."""
    if file.container == "mp3":
        return MpegWalk()
    if file.container == "aac":
        return AdtsWalk()
    if file.container == "flac":
        return FlacWalk(os.pread(file.fd, 34, file.start + 8))
    return None


def _feed(
    digest: hashlib.blake2b,
    walk: Walk | None,
    file: IO[bytes],
    start: int,
    length: int,
) -> int:
    """Hash and walk up to `length` bytes from `start` on; return how many it is."""
    file.seek(start)
    left = length
    while left > 0 and (block := file.read(min(left, _BLOCK))):
        digest.update(block)
        if walk:
            walk.push(block)
        left -= len(block)
    return length - left
