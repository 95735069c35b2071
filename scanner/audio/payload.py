"""The hash of a file's audio alone, which stays the same while its tags are edited."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple, Protocol

from scanner.audio.files import AudioFile, audio_file, audio_start, cause
from scanner.audio.mpeg import AdtsWalk, MpegWalk, StreamLength
from scanner.audio.positions import FlacWalk, OggWalk, Span, ogg_spans
from scanner.exceptions import FileError

_BLOCK = 1 << 20


class Walk(Protocol):
    """What counts the frames of a stream that comes in blocks of any length."""

    def push(self, block: bytes) -> None:
        """Take the next bytes of the stream."""

    def finish(self) -> StreamLength | None:
        """Return the length of all that came; None if there was no frame."""


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


_STREAMED = 0xFFFFFFFF  # a size that the writer could not know
_MOST_CHUNKS = 100_000


class _Layout(NamedTuple):
    """How a container that is a row of chunks lays them out."""

    start: int  # of the first chunk
    head: str  # name and size, as `struct` writes them
    audio: tuple[bytes, ...]  # names of the chunks that are hashed
    counts_head: bool = False  # whether the size does
    alignment: int = 1


_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_W64_DATA = b"data" + bytes.fromhex("f3acd3118cd100c04f8edb8a")
_LAYOUTS = {
    "wav": _Layout(12, "<4sI", (b"fmt ", b"data"), alignment=2),
    "aiff": _Layout(12, ">4sI", (b"COMM", b"SSND"), alignment=2),
    "caf": _Layout(8, ">4sq", (b"desc", b"data")),
    "dsf": _Layout(28, "<4sQ", (b"fmt ", b"data"), counts_head=True),
    "asf": _Layout(0, "<16sQ", (_ASF_DATA,), counts_head=True),
    "w64": _Layout(40, "<16sQ", (_W64_DATA,), counts_head=True, alignment=8),
}


_OPEN_ENDED = (b"data", b"SSND")
_EMPTY = 8  # bytes in front of the samples of AIFF


def _is_unknown(file: IO[bytes], start: int, size: int) -> bool:
    """Say whether a size is none, as of a writer who could not go back to put it in."""
    return size == _STREAMED or (size <= _EMPTY and not is_chunk(file, start + size))


def is_chunk(file: IO[bytes], start: int) -> bool:
    """Say whether a chunk of a WAV or AIFF file, or its end, can be at an offset."""
    file.seek(start)
    name = file.read(4)
    return len(name) < 4 or all(32 <= byte < 127 for byte in name)


class Chunk(NamedTuple):
    """A chunk of a file: its name, and where its content lies, in bytes."""

    name: bytes
    start: int
    size: int


def read_chunks(file: IO[bytes], container: str) -> Iterator[Chunk]:
    """Yield the chunks of a WAV, AIFF, CAF, DSF, ASF or Wave64 file."""
    layout = _LAYOUTS[container]
    width = struct.calcsize(layout.head)
    end = file.seek(0, 2)
    start, long_size = layout.start, 0
    for _ in range(_MOST_CHUNKS):
        if start + width > end:
            return
        file.seek(start)
        head = file.read(24)
        name, size = struct.unpack_from(layout.head, head)
        start += width
        if name == b"ds64":
            long_size = int.from_bytes(head[16:24], "little")
        if layout.counts_head:
            size -= width
            if size < 0:
                return
        elif size < 0:  # the last chunk of a CAF recording that went on
            size = end - start
        elif name in _OPEN_ENDED and _is_unknown(file, start, size):
            size = long_size or end - start
        yield Chunk(name, start, size)
        start += size + -size % layout.alignment


def chunk_spans(file: IO[bytes], container: str) -> Iterator[Span]:
    """Yield the chunks with samples, and those that say how these are to be read."""
    for name, start, size in read_chunks(file, container):
        if name in _LAYOUTS[container].audio:
            yield start, size


def mp4_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the content of every ``mdat`` box, wherever ``moov`` stands."""
    end = file.seek(0, 2)
    start = 0
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1 and len(head) == 16:
            size, header = int.from_bytes(head[8:], "big"), 16
        elif size == 0:
            size = end - start
        if size < header:
            return
        if head[4:8] == b"mdat":
            yield start + header, size - header
        start += size


def au_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the samples of Sun's AU."""
    end = file.seek(0, 2)
    file.seek(4)
    start, size = struct.unpack(">II", file.read(8).ljust(8, b"\0"))
    if start < end:
        yield start, end - start if size == _STREAMED else size


_SEGMENT = 0x18538067
_CLUSTER = 0x1F43B675


def matroska_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the content of every cluster.

    From a cluster of unknown size (a live recording) on, all the rest is taken.
    """
    end = file.seek(0, 2)
    start = 0
    while start < end:
        file.seek(start)
        head = file.read(12)
        name, used = _number(head, keep_marker=True)
        size, more = _number(head[used:], keep_marker=False)
        if not used or not more:
            return
        body = start + used + more
        unknown = size == (1 << 7 * more) - 1
        if name == _CLUSTER:
            yield body, end - body if unknown else size
        if name == _SEGMENT:
            start = body
        elif unknown:
            return
        else:
            start = body + size


def _number(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """Return an EBML number and its length in bytes, which is 0 if there is none."""
    if not data or not data[0]:
        return 0, 0
    length = 9 - data[0].bit_length()
    if len(data) < length:
        return 0, 0
    value = int.from_bytes(data[:length], "big")
    return (value if keep_marker else value - (1 << 7 * length)), length


_ID3V1 = 128
_ENHANCED = 227  # "TAG+", in front of an ID3v1 tag
_APE_FOOTER = 32
_APE_HAS_HEADER = 1 << 31
_PADDING = 1 << 16


def tagged_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield what lies between the tags: MP3, AAC, APE, WavPack, Musepack, TTA."""
    start = _skip_zeros(file, audio_start(file.fileno()))
    yield start, audio_end(file, start) - start


def flac_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the frames of a FLAC stream."""
    start = audio_start(file.fileno()) + 4
    last = False
    while not last:
        file.seek(start)
        head = file.read(4)
        if len(head) < 4:
            return
        last = bool(head[0] & 0x80)
        start += 4 + int.from_bytes(head[1:], "big")
    yield start, audio_end(file, start) - start


def _skip_zeros(file: IO[bytes], start: int) -> int:
    """Return the first non-zero byte's offset: padding that no tag accounts for."""
    place = start
    file.seek(start)
    while block := file.read(_PADDING):
        if rest := block.lstrip(b"\0"):
            return place + len(block) - len(rest)
        place += len(block)
    return start


def audio_end(file: IO[bytes], start: int) -> int:
    """Return the offset where the tags at the end begin, not before `start`.

    Known are ID3v1 and its enhanced form, APEv1 and APEv2, both Lyrics3, and an ID3v2
    tag with a footer, in any order.
    """
    end = file.seek(0, 2)
    while size := _tail(file, end):
        if end - size < start:
            break
        end -= size
    return end


def _tail(file: IO[bytes], end: int) -> int:
    """Return the length of the tag that ends at `end`, 0 if none does."""
    file.seek(max(0, end - _ID3V1))
    data = file.read(min(end, _ID3V1))
    if len(data) == _ID3V1 and data[:3] == b"TAG":
        before = end - _ID3V1 - _ENHANCED
        return _ID3V1 + (_ENHANCED if _at(file, before, 4) == b"TAG+" else 0)
    if data[-32:-24] == b"APETAGEX":
        size = int.from_bytes(data[-20:-16], "little")
        flags = int.from_bytes(data[-12:-8], "little")
        return size + (_APE_FOOTER if flags & _APE_HAS_HEADER else 0)
    if data[-10:-7] == b"3DI" and not any(byte & 0x80 for byte in data[-4:]):
        return 20 + (data[-4] << 21 | data[-3] << 14 | data[-2] << 7 | data[-1])
    return _lyrics(file, end, data)


def _lyrics(file: IO[bytes], end: int, data: bytes) -> int:
    if data[-9:] == b"LYRICS200" and data[-15:-9].isdigit():
        return int(data[-15:-9]) + 15
    if data[-9:] == b"LYRICSEND":
        reach = min(end, 5100 + 20)
        begin = _at(file, end - reach, reach).rfind(b"LYRICSBEGIN")
        return reach - begin if begin >= 0 else 0
    return 0


def _at(file: IO[bytes], start: int, length: int) -> bytes:
    if start < 0:
        return b""
    file.seek(start)
    return file.read(length)


TAGGED = ("mp3", "aac", "ape", "wavpack", "musepack", "tta")
"""Containers that are audio between tags."""

_SPANS: dict[str, Callable[[IO[bytes]], Iterator[Span]]] = {
    **dict.fromkeys(TAGGED, tagged_spans),
    "flac": flac_spans,
    "ogg": ogg_spans,
    "mp4": mp4_spans,
    "au": au_spans,
    "matroska": matroska_spans,
}


def audio_spans(file: IO[bytes], container: str) -> Iterator[Span]:
    """Yield (offset, length) of all that is audio in `file`, in file order.

    Of MP3 what lies between the tags, of FLAC the frames, of Ogg the bodies of the
    packets behind the headers, of MP4 the media data, of WAV and AIFF the format and
    the samples, of ASF the data object, of Matroska the clusters. Nothing if no audio
    is found.

    Parameters
    ----------
    file : binary file, seekable
        Read anywhere; better buffered.
    container : str
        As `scanner.audio.files.identify` names it.
    """
    if container in _LAYOUTS:
        return chunk_spans(file, container)
    return _SPANS[container](file)
