"""Audio files written by hand: heads that lie, tags without an end, boxes in boxes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

TEN_HOURS = 10 * 3600


def nasty() -> Iterator[tuple[str, str, bytes]]:
    """Yield (kind, name, content) of what needs no source."""
    yield "empty", "empty.mp3", b""
    yield "empty", "empty.flac", b""
    for suffix in ("mp3", "ogg", "m4a"):
        yield "zero bytes", f"zeros.{suffix}", bytes(50000)
        yield "text", f"text.{suffix}", b"This is no music at all.\n" * 200
    yield "text", "page.mp3", b"<!DOCTYPE html><html><body>404</body></html>"
    yield "playlist", "hls.mp3", _hls("/etc/passwd")
    yield "playlist", "hls.m4a", _hls("/etc/hostname")
    yield "playlist", "concat.mp3", b"ffconcat version 1.0\nfile '/etc/passwd'\n"
    yield "playlist", "cue.mp3", b'FILE "/etc/passwd" BINARY\n  TRACK 01 AUDIO\n'
    yield "playlist", "sdp.mp3", b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n"
    yield from _wavs()
    yield from _id3s()
    yield from _boxes()


def _hls(target: str) -> bytes:
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:10", "#EXTINF:10,", target)
    return "\n".join((*lines, "#EXT-X-ENDLIST", "")).encode()


def wav(
    body: bytes,
    *,
    code: int = 1,
    channels: int = 1,
    rate: int = 44100,
    bits: int = 16,
    claim: int | None = None,
) -> bytes:
    """Return a WAV file; `claim` is the size of the samples that its header states."""
    width = channels * bits // 8 & 0xFFFF
    form = struct.pack(
        "<HHIIHH", code, channels, rate, rate * width & 0xFFFFFFFF, width, bits
    )
    size = len(body) if claim is None else claim
    chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", 36 + size & 0xFFFFFFFF) + b"WAVE" + chunks + body


def _wavs() -> Iterator[tuple[str, str, bytes]]:
    tone = b"".join(struct.pack("<h", (n * 700) % 20000 - 10000) for n in range(44100))
    floats = struct.pack("<44100f", *((n % 100) / 200 for n in range(44100)))
    for name, value in (("nan", "nan"), ("inf", "inf"), ("-inf", "-inf")):
        one = struct.pack("<f", float(value))
        mixed = floats[:4000] + one * 50 + floats[4200:]
        yield "not finite", f"some {name}.wav", wav(mixed, code=3, bits=32)
        yield "not finite", f"all {name}.wav", wav(one * 44100 * 6, code=3, bits=32)
    huge = struct.pack("<f", 3e38) * 44100 * 6
    yield "not finite", "huge values.wav", wav(huge, code=3, bits=32)
    yield "silence", "silence.wav", wav(bytes(2 * 44100 * 12))
    yield "short", "no sample.wav", wav(b"")
    yield "short", "one sample.wav", wav(b"\1\2")
    yield "short", "0.1 s.wav", wav(tone[:8820])
    yield "short", "4.99 s.wav", wav((tone * 5)[: 2 * int(4.99 * 44100)])
    yield "lie", "no channel.wav", wav(tone, channels=0)
    yield "lie", "65535 channels.wav", wav(tone, channels=65535)
    yield "lie", "255 channels.wav", wav(tone * 3, channels=255)
    yield "lie", "rate 0.wav", wav(tone, rate=0)
    yield "lie", "rate 1.wav", wav(tone, rate=1)
    yield "lie", "rate 4 GHz.wav", wav(tone, rate=0xFFFFFFFF)
    yield "lie", "0 bits.wav", wav(tone, bits=0)
    yield "lie", "64 bits.wav", wav(tone, bits=64)
    yield "lie", "unknown code.wav", wav(tone, code=0x7777)
    yield "lie", "10 hours.wav", wav(tone, claim=TEN_HOURS * 88200 & 0xFFFFFFFF)
    yield "streamed", "size -1.wav", wav(tone * 6, claim=0xFFFFFFFF)
    yield "streamed", "size 0.wav", wav(tone * 6, claim=0)
    yield "lie", "10 hours.flac", _flac_head(TEN_HOURS * 44100)
    yield "lie", "no total.flac", _flac_head(0)


def _flac_head(total: int) -> bytes:
    """Return a FLAC stream's head without a frame."""
    rate_and_total = 44100 << 44 | 1 << 41 | 15 << 36 | total
    info = struct.pack(">HH", 4096, 4096) + bytes(6)
    info += rate_and_total.to_bytes(8, "big") + bytes(16)
    return b"fLaC" + b"\x80" + len(info).to_bytes(3, "big") + info


def _synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3(body: bytes, *, version: int = 4, flags: int = 0, claim: int = -1) -> bytes:
    """Return an ID3v2 tag; `claim` is the size that its header states."""
    size = len(body) if claim < 0 else claim
    return b"ID3" + bytes((version, 0, flags)) + _synchsafe(size) + body


def frame(name: bytes, body: bytes, *, flags: int = 0, size: int = -1) -> bytes:
    """Return an ID3v2.4 frame."""
    length = _synchsafe(len(body) if size < 0 else size)
    return name + length + struct.pack(">H", flags) + body


def mp3_frames(count: int) -> bytes:
    """Return silent MPEG-1 layer III frames, 128 kbit/s, 44 100 Hz, mono."""
    return (b"\xff\xfb\x90\xc4" + bytes(413)) * count


def _id3s() -> Iterator[tuple[str, str, bytes]]:
    audio = mp3_frames(250)
    chapter = frame(b"TIT2", b"\3deep")
    for _ in range(2000):
        chapter = frame(b"CHAP", b"c\0" + bytes(16) + chapter)
    bomb = zlib.compress(b"\3" + bytes(30 << 20), 9)
    xing = b"\xff\xfb\x90\xc4" + bytes(17) + b"Xing" + struct.pack(">II", 1, 1 << 31)
    tags: dict[str, bytes] = {
        "plain": id3(frame(b"TIT2", b"\3title")),
        "recursive chapters": id3(chapter),
        "compressed bomb": id3(frame(b"TIT2", _synchsafe(99) + bomb, flags=0x09)),
        "a million frames": id3((b"TIT2\0\0\0\1\0\0x") * 200_000),
        "empty frames": id3(b"TIT2" + bytes(6)) * 100,
        "long text": id3(frame(b"TXXX", b"\3x\0" + b"y" * 3_000_000)),
        "frame past the end": id3(frame(b"TIT2", b"\3abc", size=100_000)),
        "tag past the end": id3(frame(b"TIT2", b"\3abc"), claim=(1 << 28) - 1),
        "odd utf-16": id3(frame(b"TIT2", b"\1\xff\xfea")),
        "unknown encoding": id3(frame(b"TIT2", b"\x09abc")),
        "version 9": id3(frame(b"TIT2", b"\3abc"), version=9),
        "extended header": id3(b"\x7f\x7f\x7f\x7f" + bytes(20), flags=0x40),
        "unsynchronised": id3(b"\xff\x00" * 5000, version=3, flags=0x80),
        "stacked": id3(frame(b"TIT2", b"\3one")) * 500,
    }
    for name, tag in tags.items():
        yield "tag", f"{name}.mp3", tag + audio
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 1 << 30, 1 << 30, 1 << 31) + bytes(8)
    yield "tag", "ape lies.mp3", audio + ape
    yield "tag", "lyrics lie.mp3", audio + b"LYRICSBEGIN" + b"999999LYRICS200"
    yield "tag", "tag without audio.mp3", tags["plain"]
    yield "lie", "2 billion frames.mp3", xing + bytes(417 - len(xing)) + audio


def box(name: bytes, body: bytes, *, size: int | None = None) -> bytes:
    """Return an MP4 box; `size` is what its header states."""
    length = 8 + len(body) if size is None else size
    return struct.pack(">I", length) + name + body


def _boxes() -> Iterator[tuple[str, str, bytes]]:
    ftyp = box(b"ftyp", b"M4A \0\0\0\0M4A mp42")
    deep = b""
    for _ in range(20_000):
        deep = box(b"udta", deep)
    yield "no moov", "mdat only.m4a", ftyp + box(b"mdat", bytes(range(256)) * 100)
    yield "no moov", "ftyp only.m4a", ftyp
    yield "box", "deep.m4a", ftyp + box(b"moov", deep)
    yield "box", "empty moov.m4a", ftyp + box(b"moov", b"")
    yield "box", "size 4.m4a", ftyp + box(b"moov", b"", size=4)
    big = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", (1 << 64) - 1)
    yield "box", "size 2^64.m4a", ftyp + big
    yield "box", "moov in moov.m4a", ftyp + box(b"moov", b"") * 5000
    stsz = box(b"stsz", struct.pack(">III", 0, 0, 0xFFFFFFFF))
    nest = stsz
    for name in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        nest = box(name, nest)
    yield "box", "stsz 2^32.m4a", ftyp + nest
    yield from _other_containers()


def _other_containers() -> Iterator[tuple[str, str, bytes]]:
    page = b"OggS\0\2" + bytes(8) + b"\1\0\0\0" + bytes(8)
    yield "ogg", "endless empty pages.ogg", (page + b"\0") * 20_000
    vorbis = b"\1vorbis" + struct.pack("<IBIiiiB", 0, 2, 44100, 0, 0, 0, 0xB8) + b"\1"
    comment = b"\3vorbis" + struct.pack("<I", 0) + struct.pack("<I", 0xFFFFFFFF)
    head = page + b"\1" + bytes((len(vorbis),)) + vorbis
    yield "ogg", "4 billion comments.ogg", head + page + b"\1\x0f" + comment
    yield "ogg", "opus head alone.opus", page + b"\1\x13OpusHead\1\2" + bytes(9)
    ebml = b"\x1aE\xdf\xa3"
    yield "ebml", "head alone.webm", ebml
    yield "ebml", "unknown sizes.mka", ebml + b"\x80" + b"\x18S\x80g\x01" + b"\xff" * 7
    yield "ebml", "small elements.mka", ebml + b"\x80" + b"\xec\x80" * 100_000
    asf = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
    yield "asf", "size 0.wma", asf + bytes(100)
    yield "asf", "size 2^64.wma", asf + b"\xff" * 8 + bytes(100)
    yield "aiff", "rate of nonsense.aiff", _aiff(b"\xff" * 10)
    yield "aiff", "rate 0.aiff", _aiff(bytes(10))


def _aiff(rate: bytes) -> bytes:
    comm = b"COMM" + struct.pack(">IhIh", 18, 1, 1000, 16) + rate
    ssnd = b"SSND" + struct.pack(">I", 2008) + bytes(2008)
    return b"FORM" + struct.pack(">I", 4 + len(comm + ssnd)) + b"AIFF" + comm + ssnd
