"""WAV and RF64: the INFO list, which mutagen does not read, and the stream's facts."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.records import StreamFacts
from scanner.exceptions import TagError
from scanner.tags.base import TagBlock
from scanner.tags.id3 import read_id3v2
from scanner.tags.mojibake import repair

if TYPE_CHECKING:
    from collections.abc import Iterator

_STREAMED = 0xFFFFFFFF
_INFO_LIMIT = 1 << 20
_CHUNKS = 1000
_CODECS = {1: "pcm", 3: "float", 6: "alaw", 7: "mulaw", 0x55: "mp3", 0x161: "wma"}
_EXTENSIBLE = 0xFFFE


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a RIFF file: its name, and where its content lies."""

    name: bytes
    start: int
    size: int


def riff_chunks(fd: int) -> Iterator[Chunk]:
    """Yield the chunks of the WAV or RF64 file `fd`."""
    end = os.fstat(fd).st_size
    start, long_size = 12, 0
    for _ in range(_CHUNKS):
        head = os.pread(fd, 24, start)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:8], "little")
        if head[:4] == b"ds64":
            long_size = int.from_bytes(head[16:24], "little")
        if head[:4] == b"data" and size == _STREAMED:
            size = long_size or end - start - 8
        yield Chunk(head[:4], start + 8, size)
        start += 8 + size + size % 2


def read_wav(fd: int) -> tuple[list[TagBlock], StreamFacts]:
    """Return the tags of a WAV file, ID3v2 first, and its stream's facts."""
    chunks = list(riff_chunks(fd))
    blocks = [
        tag
        for chunk in chunks
        if chunk.name.lower() == b"id3 " and (tag := read_id3v2(fd, chunk.start))
    ]
    for chunk in chunks:
        if chunk.name == b"LIST" and os.pread(fd, 4, chunk.start) == b"INFO":
            data = os.pread(fd, min(chunk.size, _INFO_LIMIT), chunk.start)
            blocks.append(TagBlock.of("RIFF", _info(data[4:])))
    return blocks, _facts(fd, chunks)


def _info(data: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        value = data[at + 8 : at + 8 + size].split(b"\0")[0]
        yield data[at : at + 4].decode("latin-1"), repair(value.decode("latin-1"))
        at += 8 + size + size % 2


def _facts(fd: int, chunks: list[Chunk]) -> StreamFacts:
    form = next((chunk for chunk in chunks if chunk.name == b"fmt "), None)
    audio = next((chunk for chunk in chunks if chunk.name == b"data"), None)
    head = os.pread(fd, 40, form.start) if form else b""
    if len(head) < 16 or audio is None:
        raise TagError("the WAV file has no format or no data chunk")
    code, channels, rate, per_second, _, bits = struct.unpack_from("<HHIIHH", head)
    if code == _EXTENSIBLE and len(head) >= 26:
        code = int.from_bytes(head[24:26], "little")
    held = min(audio.size, max(0, os.fstat(fd).st_size - audio.start))
    return StreamFacts(
        container="wav",
        codec=_CODECS.get(code, f"wav {code:#06x}"),
        bitrate=per_second * 8 or None,
        sample_rate=rate or None,
        channels=channels or None,
        bits_per_sample=bits or None,
        lossless=code in (1, 3),
        duration_s=held / per_second if per_second else None,
    )
