"""Where the audio lies in a stream with tags in front of and behind it."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from scanner.identify import audio_start

if TYPE_CHECKING:
    from collections.abc import Iterator

_ID3V1 = 128
_ENHANCED = 227  # "TAG+", in front of an ID3v1 tag
_APE_FOOTER = 32
_APE_HAS_HEADER = 1 << 31
_PADDING = 1 << 16


def tagged_spans(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Yield what lies between the tags: MP3, AAC, APE, WavPack, Musepack, TTA."""
    start = _skip_zeros(file, audio_start(file.fileno()))
    yield start, audio_end(file, start) - start


def flac_spans(file: IO[bytes]) -> Iterator[tuple[int, int]]:
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
