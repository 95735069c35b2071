"""A file's audio as a name: equal while only its tags are edited."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from scanner.audio.files import cause, open_regular
from scanner.exceptions import FileError
from scanner.identify import identify
from scanner.spans import audio_spans

if TYPE_CHECKING:
    from typing import IO

_BLOCK = 1 << 20


def payload_hash(path: bytes) -> str:
    """Return the BLAKE2b hash of the audio in the file at `path`, without its tags.

    What `scanner.spans.audio_spans` finds is hashed, with the container's name; a file
    in which it finds nothing is hashed whole. The memory used does not depend on the
    size.

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
    for start, length in audio_spans(file, container):
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
