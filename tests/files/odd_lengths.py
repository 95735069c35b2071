"""Files that declare no length, or a wrong one, or change in their middle."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from scanner.audio.encode import ffmpeg_path

SR = 44100
HALF_S = 3.0  # of noise, and of a soft tone behind it
BOTH_S = 2 * HALF_S


class Encoder:
    """ffmpeg on a loud half, a soft half, or both; what is asked twice is made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, ...], bytes] = {}
        time = np.arange(int(HALF_S * SR)) / SR
        noise = 0.3 * np.random.default_rng(13).standard_normal((time.size, 2))
        tone = 0.1 * np.sin(2 * np.pi * 440 * time)[:, np.newaxis] * np.ones(2)
        for name, signal in {
            "loud": noise,
            "soft": tone,
            "both": np.concatenate([noise, tone]),
            "back": np.concatenate([tone, noise]),
        }.items():
            soundfile.write(folder / f"{name}.wav", signal.clip(-1, 1), SR)

    def __call__(self, *request: str) -> bytes:
        """Return the file of a source ("loud", "both" ...), a format and options."""
        if request not in self._made:
            source, form, *options = request
            path = self._folder / f"{len(self._made)}.out"
            command = [ffmpeg_path(), "-nostdin", "-v", "error", "-y"]
            command += ["-i", str(self._folder / f"{source}.wav"), "-bitexact"]
            subprocess.run([*command, *options, "-f", form, path], check=True)
            self._made[request] = path.read_bytes()
        return self._made[request]


Part = Callable[[Encoder], bytes]
Change = Callable[[bytes], bytes]


def encoded(*request: str) -> Part:
    """A file as ffmpeg makes it."""
    return lambda encode: encode(*request)


def joined(*parts: Part) -> Part:
    """Files one behind the other."""
    return lambda encode: b"".join(part(encode) for part in parts)


def changed(part: Part, *changes: Change) -> Part:
    """A file after changes."""

    def make(encode: Encoder) -> bytes:
        data = part(encode)
        for change in changes:
            data = change(data)
        return data

    return make


def cut(share: float) -> Change:
    """Leave a share of the bytes."""
    return lambda data: data[: int(len(data) * share)]


def insert(share: float, more: bytes) -> Change:
    """Put something in at a share of the bytes."""

    def change(data: bytes) -> bytes:
        at = int(len(data) * share)
        return data[:at] + more + data[at:]

    return change


def write(behind: bytes, offset: int, form: str, value: int) -> Change:
    """Write over a number: as many bytes behind the first place of some others."""

    def change(data: bytes) -> bytes:
        out = bytearray(data)
        place = data.index(behind) + len(behind) + offset
        struct.pack_into(form, out, place, value)
        return bytes(out)

    return change


def scale(behind: bytes, offset: int, form: str, by: float) -> Change:
    """Write a multiple over a number."""

    def change(data: bytes) -> bytes:
        place = data.index(behind) + len(behind) + offset
        (value,) = struct.unpack_from(form, data, place)
        return write(behind, offset, form, int(value * by))(data)

    return change


def free_format(data: bytes) -> bytes:
    """Take the bitrate out of the headers of MP3 frames of 384 bytes."""
    out = bytearray(data)
    for at in range(0, len(data) - 4, 384):
        assert data[at] == 0xFF
        out[at + 2] &= 0x0F
    return bytes(out)


def without_pages(first: int, last: int | None = None) -> Change:
    """Leave pages of an Ogg file out, as a slice counts them."""

    def change(data: bytes) -> bytes:
        pages, at = [], 0
        while at < len(data):
            count = data[at + 26]
            size = 27 + count + sum(data[at + 27 : at + 27 + count])
            pages.append(data[at : at + size])
            at += size
        assert len(pages) > 20
        del pages[first:last]
        return b"".join(pages)

    return change


def flac_total(by: float) -> Change:
    """Write a multiple over the number of samples in STREAMINFO."""

    def change(data: bytes) -> bytes:
        packed = int.from_bytes(data[18:26], "big")
        total = packed & 0xFFFFFFFFF
        packed += int(total * by) - total
        return data[:18] + packed.to_bytes(8, "big") + data[26:]

    return change


def id3_picture(size: int) -> bytes:
    """Return an ID3 tag with a picture of `size` bytes."""
    picture = b"\0image/png\0\3\0\x89PNG" + bytes(size)
    body = b"APIC" + struct.pack(">IH", len(picture), 0) + picture
    length = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + length + body


LAME = ("-c:a", "libmp3lame")
BARE = ("-write_xing", "0", "-id3v2_version", "0")
VBR = ("mp3", *LAME, "-q:a", "2", *BARE)
CBR = ("mp3", *LAME, "-b:a", "128k", *BARE)
WITH_XING = ("mp3", *LAME, "-q:a", "2", "-id3v2_version", "0")
AAC = ("adts", "-c:a", "aac", "-b:a", "96k")
PAGES = ("-page_duration", "100000", "-serial_offset")
VORBIS = ("ogg", "-c:a", "libvorbis", *PAGES)
OPUS = ("ogg", "-c:a", "libopus", *PAGES)
OGG_FLAC = ("ogg", "-c:a", "flac", *PAGES)
FLAC = ("flac", "-c:a", "flac")
WEBM = ("webm", "-c:a", "libopus", "-live", "1")
W64_DATA = b"data" + bytes.fromhex("f3acd3118cd100c04f8edb8a")
UNKNOWN = 0xFFFFFFFF


@dataclass(frozen=True)
class Odd:
    """A file, and what it plays.

    Attributes
    ----------
    make : callable
    seconds : float or None
        What it plays; None if it is no whole file and has to fail; AS_FFMPEG where it
        is cut off and nothing in it says so.
    reason : str
        In what the failure says.
    """

    make: Part
    seconds: float | None = BOTH_S
    reason: str = ""


AS_FFMPEG = -1.0


def _fails(make: Part, reason: str = "truncated") -> Odd:
    return Odd(make, None, reason)


MP3 = {
    "vbr.mp3": Odd(encoded("both", *VBR)),
    "vbr, soft first.mp3": Odd(encoded("back", *VBR)),
    "cbr.mp3": Odd(encoded("both", *CBR)),
    "cbr and cbr.mp3": Odd(
        joined(
            encoded("loud", "mp3", *LAME, "-b:a", "320k", *BARE),
            encoded("soft", "mp3", *LAME, "-b:a", "64k", *BARE),
        )
    ),
    "xing.mp3": Odd(encoded("both", *WITH_XING)),
    "xing without frames.mp3": Odd(
        changed(encoded("both", *WITH_XING), write(b"Xing", 4, ">I", 0))
    ),
    "xing of half.mp3": Odd(
        changed(encoded("both", *WITH_XING), scale(b"Xing", 4, ">I", 0.5))
    ),
    "xing of most.mp3": Odd(
        changed(encoded("both", *WITH_XING), scale(b"Xing", 4, ">I", 0.93))
    ),
    "xing of twice.mp3": _fails(
        changed(encoded("both", *WITH_XING), scale(b"Xing", 4, ">I", 2))
    ),
    "xing, cut.mp3": _fails(changed(encoded("both", *WITH_XING), cut(0.9))),
    "vbr, cut.mp3": Odd(changed(encoded("both", *VBR), cut(0.6)), AS_FFMPEG),
    "free format.mp3": Odd(changed(encoded("both", *CBR, "-ar", "48000"), free_format)),
    "layer 2.mp2": Odd(encoded("both", "mp2")),
    "layers.mp3": Odd(joined(encoded("loud", "mp2"), encoded("soft", *CBR))),
    "rates.mp3": Odd(
        joined(encoded("loud", *CBR), encoded("soft", *CBR, "-ar", "48000"))
    ),
    "versions.mp3": Odd(
        joined(encoded("loud", *CBR), encoded("soft", *CBR, "-ar", "22050"))
    ),
    "stereo, mono.mp3": Odd(
        joined(encoded("loud", *CBR), encoded("soft", *CBR, "-ac", "1"))
    ),
    "mono, stereo.mp3": Odd(
        joined(encoded("loud", *CBR, "-ac", "1"), encoded("soft", *CBR))
    ),
    "joined.mp3": Odd(
        joined(encoded("both", *WITH_XING), encoded("soft", *WITH_XING)),
        BOTH_S + HALF_S,
    ),
    "joined, the second small.mp3": Odd(
        joined(
            encoded("loud", "mp3", *LAME, "-b:a", "320k"),
            encoded("soft", "mp3", *LAME, "-b:a", "32k"),
        )
    ),
    "junk inside.mp3": Odd(changed(encoded("both", *VBR), insert(0.3, bytes(9000)))),
    "tag inside.mp3": Odd(
        changed(encoded("both", *VBR), insert(0.3, id3_picture(9000)))
    ),
    "mp3 in.wav": Odd(encoded("both", "wav", *LAME, "-q:a", "2")),
}
ADTS = {
    "a.aac": Odd(encoded("both", *AAC)),
    "cut.aac": Odd(changed(encoded("both", *AAC), cut(0.6)), AS_FFMPEG),
    "rates.aac": Odd(
        joined(encoded("loud", *AAC), encoded("soft", *AAC, "-ar", "22050"))
    ),
    "stereo, mono.aac": Odd(
        joined(encoded("loud", *AAC), encoded("soft", *AAC, "-ac", "1"))
    ),
}
OGG = {
    **{
        f"{what}.{suffix}": odd
        for suffix, codec in (("ogg", VORBIS), ("opus", OPUS))
        for what, odd in {
            "whole": Odd(encoded("both", *codec, "7")),
            "no last page": Odd(
                changed(encoded("both", *codec, "7"), without_pages(-1)), AS_FFMPEG
            ),
            "cut": _fails(changed(encoded("both", *codec, "7"), cut(0.6))),
            "hole": _fails(changed(encoded("both", *codec, "7"), without_pages(9, 19))),
            "late": Odd(
                changed(encoded("both", *codec, "7"), without_pages(2, 19)), AS_FFMPEG
            ),
            "chained": Odd(
                joined(encoded("loud", *codec, "7"), encoded("soft", *codec, "8"))
            ),
            "chained with a hole": _fails(
                joined(
                    changed(encoded("both", *codec, "7"), without_pages(9, 19)),
                    encoded("soft", *codec, "8"),
                )
            ),
            "chained, cut": _fails(
                joined(
                    encoded("soft", *codec, "8"),
                    changed(encoded("both", *codec, "7"), cut(0.6)),
                )
            ),
        }.items()
    },
    "chained rates.ogg": _fails(
        joined(
            encoded("loud", *VORBIS, "7"),
            encoded("soft", *VORBIS, "8", "-ar", "22050"),
        ),
        "libav does not support",
    ),
    "chained codecs.ogg": _fails(
        joined(encoded("loud", *VORBIS, "7"), encoded("soft", *OPUS, "8")),
        "truncated",
    ),
    "flac in.oga": Odd(encoded("both", *OGG_FLAC, "7")),
    "flac in, hole.oga": _fails(
        changed(encoded("both", *OGG_FLAC, "7"), without_pages(9, 19))
    ),
}
UNPACKED = {
    "zero.wav": Odd(changed(encoded("both", "wav"), write(b"data", 0, "<I", 0))),
    "zero twice.wav": Odd(
        changed(
            encoded("both", "wav"),
            write(b"data", 0, "<I", 0),
            write(b"RIFF", 0, "<I", 0),
        )
    ),
    "unknown.wav": Odd(
        changed(encoded("both", "wav"), write(b"data", 0, "<I", UNKNOWN))
    ),
    "unknown twice.wav": Odd(
        changed(
            encoded("both", "wav"),
            write(b"data", 0, "<I", UNKNOWN),
            write(b"RIFF", 0, "<I", UNKNOWN),
        )
    ),
    "half.wav": _fails(
        changed(encoded("both", "wav"), scale(b"data", 0, "<I", 0.5)), "more follow"
    ),
    "double.wav": _fails(changed(encoded("both", "wav"), scale(b"data", 0, "<I", 2))),
    "zero.aiff": Odd(changed(encoded("both", "aiff"), write(b"SSND", 0, ">I", 0))),
    "no frames.aiff": Odd(changed(encoded("both", "aiff"), write(b"COMM", 6, ">I", 0))),
    "half.aiff": _fails(changed(encoded("both", "aiff"), scale(b"SSND", 0, ">I", 0.5))),
    "unknown.au": Odd(changed(encoded("both", "au"), write(b".snd", 4, ">I", UNKNOWN))),
    "half.au": Odd(changed(encoded("both", "au"), scale(b".snd", 4, ">I", 0.5))),
    "unknown.caf": Odd(changed(encoded("both", "caf"), write(b"data", 0, ">q", -1))),
    "zero.w64": Odd(changed(encoded("both", "w64"), write(W64_DATA, 0, "<Q", 0))),
}
OTHERS = {
    "a.flac": Odd(encoded("both", *FLAC)),
    "no total.flac": Odd(changed(encoded("both", *FLAC), flac_total(0))),
    "no total, cut.flac": _fails(
        changed(encoded("both", *FLAC), flac_total(0), cut(0.6)), "lost sync"
    ),
    "half the total.flac": Odd(changed(encoded("both", *FLAC), flac_total(0.5))),
    "twice the total.flac": _fails(changed(encoded("both", *FLAC), flac_total(2))),
    "fragments.m4a": Odd(
        encoded("both", "mp4", "-c:a", "aac", "-movflags", "empty_moov+frag_keyframe")
    ),
    "half.m4a": Odd(
        changed(encoded("both", "ipod", "-c:a", "aac"), scale(b"mvhd", 16, ">I", 0.5))
    ),
    "live.webm": Odd(encoded("both", *WEBM)),
    "live, cut.webm": _fails(changed(encoded("both", *WEBM), cut(0.6))),
    "unknown.wv": Odd(changed(encoded("both", "wv"), write(b"wvpk", 8, "<I", UNKNOWN))),
}
ODD = MP3 | ADTS | OGG | UNPACKED | OTHERS
