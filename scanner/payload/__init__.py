"""A file's audio as a name: equal while only its tags are edited."""

from __future__ import annotations

import hashlib
import os
from typing import IO, TYPE_CHECKING

from scanner.errors import FileError
from scanner.files import cause, open_regular
from scanner.identify import identify
from scanner.payload.boxes import aiff_spans, asf_spans, dsf_spans, mp4_spans, wav_spans
from scanner.payload.matroska import matroska_spans
from scanner.payload.ogg import ogg_spans
from scanner.payload.tagged import flac_spans, tagged_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Spans = Iterator[tuple[int, int]]

__all__ = ["payload_hash"]

_BLOCK = 1 << 20

_SPANS: dict[str, Callable[[IO[bytes]], Spans]] = {
    "mp3": tagged_spans,
    "aac": tagged_spans,
    "ape": tagged_spans,
    "wavpack": tagged_spans,
    "musepack": tagged_spans,
    "tta": tagged_spans,
    "flac": flac_spans,
    "ogg": ogg_spans,
    "mp4": mp4_spans,
    "wav": wav_spans,
    "aiff": aiff_spans,
    "asf": asf_spans,
    "dsf": dsf_spans,
    "matroska": matroska_spans,
}


def payload_hash(path: bytes) -> str:
    """Return the BLAKE2b hash of the audio in the file at `path`, without its tags.

    Only bytes that hold audio are hashed, in file order: of MP3 what lies between the
    tags, of FLAC the frames, of Ogg the bodies of the packets behind the headers, of
    MP4 the media data, of WAV and AIFF the format and the samples, of ASF the data
    object, of Matroska the clusters. A file in which none are found, or of another
    container, is hashed whole. The memory used does not depend on its size.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    FileError
        If the file cannot be read or is no audio (stage "identify").
    """
    try:
        fd = open_regular(path)
        with open(fd, "rb", buffering=_BLOCK) as file:
            return _hash(file, identify(fd))
    except OSError as error:
        raise FileError("identify", cause(error)) from error


def _hash(file: IO[bytes], container: str) -> str:
    digest = hashlib.blake2b(container.encode(), digest_size=16)
    hashed = 0
    if spans := _SPANS.get(container):
        for start, length in spans(file):
            hashed += _feed(digest, file, start, length)
    if not hashed:
        _feed(digest, file, 0, os.fstat(file.fileno()).st_size)
    return digest.hexdigest()


def _feed(digest: hashlib.blake2b, file: IO[bytes], start: int, length: int) -> int:
    """Hash up to `length` bytes from `start` on; return how many there were."""
    file.seek(start)
    left = length
    while left > 0 and (block := file.read(min(left, _BLOCK))):
        digest.update(block)
        left -= len(block)
    return length - left
