"""ID3 and APE tags, and the formats that carry them: MP3, AAC, WavPack and others."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mutagen.aac import AACInfo
from mutagen.apev2 import APENoHeaderError, APETextValue, APEv2
from mutagen.id3 import ID3
from mutagen.id3._util import BitPaddedInt, unsynch
from mutagen.monkeysaudio import MonkeysAudioInfo
from mutagen.mp3 import MPEGInfo
from mutagen.musepack import MusepackInfo
from mutagen.trueaudio import TrueAudioInfo
from mutagen.wavpack import WavPackInfo

from catalog.mojibake import Latin1
from scanner.audio.files import BoundedReader
from scanner.audio.mpeg import id3v2_size, read_declared, read_free_frame
from scanner.tags.interpret import Metadata, TagBlock, stream_facts
from scanner.tags.text import genre_names

# mutagen reads a tag whole, every picture and nested chapter of it, inflates what is
# compressed without limit, and slows down quadratically with the number of frames. So
# the frames that hold text are picked out here first, and mutagen is given those.

_FRAME_LIMIT = 1 << 16  # bytes of one frame that are read
_TAG_LIMIT = 1 << 20  # of all the frames that are
_FRAMES = 2000
_UNSYNCHRONISED_LIMIT = 1 << 24
_COMPRESSED = {3: 0x80, 4: 0x08}
_ENCRYPTED = {3: 0x40, 4: 0x04}
_UNSYNCHRONISED = 0x80  # of a tag: "FF 00" stands for "FF"
_V24_HAS_LENGTH = 0x01
_UTF16_STARTS = (b"\1\xff\xfe", b"\1\xfe\xff")  # of a frame: with a byte order mark
_V1_FIELDS = (("Title", 3, 33), ("Artist", 33, 63), ("Album", 63, 93), ("Year", 93, 97))


@dataclass(frozen=True, slots=True)
class _Frame:
    name: bytes
    flags: int
    start: int
    size: int


def read_id3v2(fd: int, start: int = 0) -> TagBlock | None:
    """Return the text of the ID3v2 tag at the offset `start`, None if there is none."""
    head = os.pread(fd, 10, start)
    size = id3v2_size(head)
    if not size or head[3] not in (2, 3, 4):
        return None
    version, flags = head[3], head[5]
    end = start + size - (10 if flags & 0x10 else 0)
    at = start + 10

    def read(offset: int, length: int) -> bytes:
        return os.pread(fd, length, offset)

    if version < 4 and flags & _UNSYNCHRONISED:
        # Sizes count the bytes as they are after decoding.
        body = os.pread(fd, min(end - at, _UNSYNCHRONISED_LIMIT), at)
        data = _undo_unsynchronisation(body)
        at, end = 0, len(data)

        def read(offset: int, length: int) -> bytes:
            return data[offset : offset + length]

    if flags & 0x40 and version > 2:
        at += _extended_header_size(read(at, 4), version)
    small = _rebuild(version, _frames(read, at, end, version), read)
    if version == 4 and flags & _UNSYNCHRONISED:  # there each frame is decoded alone
        small = small[:5] + bytes((_UNSYNCHRONISED,)) + small[6:]
    pairs = list(_text_pairs(small))
    return TagBlock.of("ID3v2", [*pairs, *_join_date(dict(pairs))])


def _undo_unsynchronisation(data: bytes) -> bytes:
    try:
        return bytes(unsynch.decode(data))
    except ValueError:
        return data  # written with the flag, but without the bytes


def _extended_header_size(head: bytes, version: int) -> int:
    if version == 4:
        return int(BitPaddedInt(head))
    return 4 + int.from_bytes(head, "big")


def _frames(
    read: Callable[[int, int], bytes], at: int, end: int, version: int
) -> Iterator[_Frame]:
    """Yield the frames between two offsets, without reading what is in them."""
    width = 6 if version == 2 else 10
    for _ in range(_FRAMES):
        head = read(at, width)
        name = head[: 3 if version == 2 else 4]
        if at + width > end or len(head) < width or not name.rstrip(b"\0"):
            return
        if version == 2:
            size, flags = int.from_bytes(head[3:6], "big"), 0
        else:
            size, flags = int.from_bytes(head[4:8], "big"), head[9]
        if version == 4:
            size = _v24_size(read, at, head[4:8], end)
        yield _Frame(name, flags, at + width, min(size, end - at - width))
        at += width + size


def _v24_size(read: Callable[[int, int], bytes], at: int, raw: bytes, end: int) -> int:
    """Return a frame's size; old iTunes wrote plain integers where v2.4 has 7 bits."""
    plain = int.from_bytes(raw, "big")
    if plain < 0x80:
        return plain
    if any(byte & 0x80 for byte in raw):
        return plain
    synchsafe = int(BitPaddedInt(raw))
    for size in (synchsafe, plain):
        after = at + 10 + size
        if after == end or (after + 4 < end and _is_name(read(after, 4))):
            return size
    return synchsafe


def _is_name(name: bytes) -> bool:
    return name == b"\0\0\0\0" or (name.isalnum() and name.upper() == name)


def _rebuild(
    version: int, frames: Iterator[_Frame], read: Callable[[int, int], bytes]
) -> bytes:
    """Return a small ID3v2 tag of the text frames alone."""
    body = bytearray()
    for frame in frames:
        if not frame.name.startswith((b"T", b"COM")) or frame.size > _FRAME_LIMIT:
            continue
        data = read(frame.start, frame.size)
        flags = frame.flags
        if flags & _ENCRYPTED.get(version, 0):
            continue
        if flags & _COMPRESSED.get(version, 0):
            data, flags = _inflate(data, version, flags), 0
        if not flags and frame.name[:1] == b"T" and frame.name[:3] != b"TXX":
            data = _as_utf8(data)
        if data:
            body += _frame_head(version, frame.name, len(data), flags) + data
        if len(body) > _TAG_LIMIT:
            break
    return b"ID3" + bytes((version, 0, 0)) + _synchsafe(len(body)) + bytes(body)


def _as_utf8(data: bytes) -> bytes:
    """Return one text that is in UTF-16 in UTF-8; anything else as it is.

    mutagen reads UTF-16 letter by letter, which takes longer than all the rest.
    """
    if data[:3] not in _UTF16_STARTS:
        return data
    try:
        text = data[1:].decode("utf-16").removesuffix("\0")
    except UnicodeDecodeError:
        return data
    return data if not text or "\0" in text else b"\3" + text.encode()


def _frame_head(version: int, name: bytes, size: int, flags: int) -> bytes:
    if version == 2:
        return name + size.to_bytes(3, "big")
    if version == 3:
        return name + struct.pack(">IH", size, flags)
    return name + _synchsafe(size) + struct.pack(">H", flags)


def _synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _inflate(data: bytes, version: int, flags: int) -> bytes:
    """Return what a compressed frame holds, up to the limit; empty if damaged."""
    packed = data[4:] if version == 3 or flags & _V24_HAS_LENGTH else data
    try:
        return zlib.decompressobj().decompress(packed, _FRAME_LIMIT)
    except zlib.error:
        return b""


def _text_pairs(tag: bytes) -> Iterator[tuple[str, str]]:
    frames: Any = ID3(io.BytesIO(tag), translate=False, load_v1=False)
    for frame in frames.values():
        values = getattr(frame, "text", None)
        if not isinstance(values, list):
            continue
        key = frame.FrameID
        if described := getattr(frame, "desc", ""):  # TXXX and COMM
            key += f":{described}"
        for value in values:
            text = str(value)
            yield key, Latin1(text) if frame.encoding == 0 else text


def _join_date(found: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Join the year and the day (DDMM) that v2.3 keeps in two frames."""
    year, day = found.get("TYER", ""), found.get("TDAT", "")
    if len(year) == len(day) == 4 and (year + day).isdecimal():
        yield "TYER+TDAT", f"{year}-{day[2:]}-{day[:2]}"


def read_id3v1(fd: int) -> TagBlock | None:
    """Return the ID3v1 tag at the end of the file, None if there is none."""
    size = os.fstat(fd).st_size
    for back in _v1_places(fd, size):
        data = os.pread(fd, 128, size - back)
        if len(data) == 128 and data[:3] == b"TAG":
            return TagBlock.of("ID3v1", _v1_pairs(data))
    return None


def _v1_places(fd: int, size: int) -> Iterator[int]:
    """Yield the distances from the end where an ID3v1 tag may start."""
    yield 128
    footer = os.pread(fd, 32, max(0, size - 32))
    if footer[:8] == b"APETAGEX":  # some write APEv2 behind it
        has_header = footer[23] & 0x80 if len(footer) == 32 else 0
        yield int.from_bytes(footer[12:16], "little") + (32 if has_header else 0) + 128


def _v1_pairs(data: bytes) -> Iterator[tuple[str, str]]:
    for key, start, end in _V1_FIELDS:
        text = data[start:end].split(b"\0")[0]
        yield key, Latin1(text.decode("latin-1").rstrip())
    if data[125] == 0 and data[126]:
        yield "Track", str(data[126])
    if data[127] < 0xFF and (names := genre_names(str(data[127]))):
        yield "Genre", names[0]


def read_mp3(file: BoundedReader) -> Metadata:
    """Read MPEG audio: its length and padding are those of the LAME header, if any."""
    # mutagen does not know free format
    free = read_free_frame(file.fileno(), file.source.first_frame)
    info: Any = free or MPEGInfo(file)
    more: dict[str, Any] = {"lossless": False}
    if found := read_declared(file.fileno(), file.source.first_frame):
        frame, declared = found
        more["encoder"] = declared.encoder
        more["encoder_delay"] = declared.delay
        more["encoder_padding"] = declared.padding
        if (length := declared.duration_s(frame)) is not None:
            more["duration_s"] = length
    facts = stream_facts("mp3", f"mp{info.layer}", info, **more)
    return _tags(file, id3_first=True), facts


_STREAM_INFO: dict[str, tuple[Callable[[Any], object], bool]] = {  # lossless
    "aac": (AACInfo, False),
    "ape": (MonkeysAudioInfo, True),
    "wavpack": (WavPackInfo, True),
    "musepack": (MusepackInfo, False),
    "tta": (lambda file: TrueAudioInfo(file, 0), True),
}


def read_framed(file: BoundedReader) -> Metadata:
    """Read AAC in ADTS frames, Monkey's Audio, WavPack, Musepack or TTA."""
    container = file.source.container
    read_info, lossless = _STREAM_INFO[container]
    file.begin_at(file.source.start)
    facts = stream_facts(container, container, read_info(file), lossless=lossless)
    return _tags(file, id3_first=container == "aac"), facts


def _tags(file: BoundedReader, *, id3_first: bool) -> list[TagBlock]:
    """Return the tags, best first: ID3v2, APEv2, ID3v1, or APEv2 before ID3v2."""
    fd = file.fileno()
    file.begin_at(0)
    front = [read_id3v2(fd), _apev2(file)]
    if not id3_first:
        front.reverse()
    return [block for block in (*front, read_id3v1(fd)) if block]


def _apev2(file: BoundedReader) -> TagBlock | None:
    try:
        tag = APEv2(file)
    except APENoHeaderError:
        return None
    return TagBlock.of("APEv2", _ape_pairs(tag))


def _ape_pairs(tag: APEv2) -> Iterator[tuple[str, str]]:
    for key, value in tag.items():
        if isinstance(value, APETextValue):
            for text in value:
                yield key, text
