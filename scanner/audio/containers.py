"""The places of a file that hold audio, by container: chunks, boxes, pages, tags."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from scanner.audio.files import audio_start
from scanner.audio.stream_length import OggWalk

Span = tuple[int, int]
"""Offset and length in bytes."""

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


_PAGE = b"OggS"
_SEARCH = 1 << 20
_HEADER = 27
_BEGINS = 0x02


def ogg_spans(file: IO[bytes], walk: OggWalk | None = None) -> Iterator[Span]:
    """Yield the bodies of all packets that are no headers, and show a walk the pages.

    A tag editor rewrites the comment packet, which may take more pages than before,
    so that all pages behind it are numbered anew: page headers are left out.
    """
    headers: dict[bytes, int] = {}  # header packets to come, by stream
    start = 0
    while True:
        file.seek(start)
        head = file.read(_HEADER)
        if head[:4] != _PAGE or len(head) < _HEADER:
            if (start := _find_page(file, start + 1)) < 0:
                return
            continue
        lacing = file.read(head[26])
        body = start + _HEADER + len(lacing)
        length = sum(lacing)
        stream = head[14:18]
        packet = b""
        if head[5] & _BEGINS:
            packet = file.read(min(length, 80))
            headers[stream] = _header_packets(packet)
        if walk:
            walk.push(head, lacing, packet)
        skipped = 0
        if headers.get(stream, 0):
            skipped, headers[stream] = _skip(lacing, headers[stream])
        if length > skipped:
            yield body + skipped, length - skipped
        start = body + length


def _find_page(file: IO[bytes], start: int) -> int:
    """Return the offset of the next page from `start` on, -1 if there is none."""
    file.seek(start)
    data = b""
    while block := file.read(_SEARCH):
        start -= len(data)
        data += block
        if (at := data.find(_PAGE)) >= 0:
            return start + at
        start += len(data)
        data = data[1 - len(_PAGE) :]
    return -1


def _skip(lacing: bytes, packets: int) -> tuple[int, int]:
    """Return the bytes of a page that `packets` headers take, and those left over."""
    skipped = 0
    for segment in lacing:
        skipped += segment
        if segment < 255:
            packets -= 1
            if not packets:
                break
    return skipped, packets


def _header_packets(first: bytes) -> int:
    """Return how many header packets the stream has that starts with `first`."""
    if first.startswith(b"\x7fFLAC"):
        # The count is of those that follow; 0 stands for an unknown number.
        return 1 + (int.from_bytes(first[7:9], "big") or 1)
    if first.startswith((b"OpusHead", b"Speex   ")):
        return 2
    return 3  # Vorbis and Theora


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


_SPANS: dict[str, Callable[[IO[bytes]], Iterator[Span]]] = {
    **dict.fromkeys(("mp3", "aac", "ape", "wavpack", "musepack", "tta"), tagged_spans),
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
