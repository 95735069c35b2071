"""Make damaged, lying and nasty audio files out of good ones, and scan them.

    python benchmarks/poison.py [--scan] FOLDER [SOURCE...]

writes the variants of every SOURCE, and those that need none, into FOLDER, and prints
how many there are of each kind; with --scan also what the command `scan` makes of them.
Without SOURCE they come of eight seconds of sound in fourteen formats. The same seed
makes the same bytes.
"""

from __future__ import annotations

import argparse
import random
import re
import struct
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PICTURE = 50 << 20
TEN_HOURS = 10 * 3600


@dataclass(frozen=True)
class Variant:
    """A file of the corpus: where it is, and what is wrong with it."""

    path: Path
    kind: str


def make_poison(
    sources: list[Path], folder: Path, *, seed: int = 0, big: bool = True
) -> list[Variant]:
    """Write the corpus into `folder`; without `big`, no file of 50 MB is among it."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for source in sources:
        # Seeded by the name too: a further source leaves the others' variants alone.
        rng = random.Random(f"{seed} {source.name}")
        data = source.read_bytes()
        for number, (kind, content) in enumerate(_damage(data, rng)):
            name = f"{source.stem} {kind} {number:02}{source.suffix}"
            made.append(_write(folder / name, kind, content))
        for suffix in (".mp3", ".flac", ".ogg", ".m4a", ".wav"):
            if suffix != source.suffix:
                name = f"{source.stem} named {source.suffix[1:]}{suffix}"
                made.append(_write(folder / name, "wrong suffix", data))
    for kind, name, content in _nasty():
        made.append(_write(folder / f"{kind} - {name}", kind, content))
    made += _archives(folder)
    if big:
        made += _big(folder)
    return made


def _write(path: Path, kind: str, content: bytes) -> Variant:
    path.write_bytes(content)
    return Variant(path, kind)


def _damage(data: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    size = len(data)
    for length in (1, 3, 4, 8, 12, 27, 36, 44, 58, 100, 128, 200, 500, 1000, 4096):
        yield "truncated", data[: min(length, size - 1)]
    for _ in range(6):
        yield "truncated", data[: rng.randrange(1, size)]
    for short in (1, 8, 128):
        yield "truncated", data[:-short]
    for reach in (64, 64, 64, 512, 512, 4096, 4096):
        yield "flipped head", _flip(data, rng, 4, min(reach, size))
    for count in (1, 10, 100):
        yield "flipped anywhere", _flip(data, rng, count, size)
    yield "flipped tail", _flip(data, rng, 10, size, size - min(size, 600))
    middle = size // 2
    hole = min(20000, size // 4)
    yield "hole", data[:middle] + bytes(hole) + data[middle + hole :]
    yield "junk inside", data[:middle] + rng.randbytes(20000) + data[middle:]
    yield "cut out", data[:middle] + data[middle + hole :]
    yield "junk in front", rng.randbytes(300) + data
    yield "zeros in front", bytes(3000) + data
    yield "junk behind", data + rng.randbytes(5000)
    yield "twice", data + data


def _flip(
    data: bytes, rng: random.Random, count: int, end: int, start: int = 0
) -> bytes:
    out = bytearray(data)
    for _ in range(count):
        out[rng.randrange(start, end)] ^= 1 << rng.randrange(8)
    return bytes(out)


def _nasty() -> Iterator[tuple[str, str, bytes]]:
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


def _box(name: bytes, body: bytes, *, size: int | None = None) -> bytes:
    length = 8 + len(body) if size is None else size
    return struct.pack(">I", length) + name + body


def _boxes() -> Iterator[tuple[str, str, bytes]]:
    ftyp = _box(b"ftyp", b"M4A \0\0\0\0M4A mp42")
    deep = b""
    for _ in range(20_000):
        deep = _box(b"udta", deep)
    yield "no moov", "mdat only.m4a", ftyp + _box(b"mdat", bytes(range(256)) * 100)
    yield "no moov", "ftyp only.m4a", ftyp
    yield "box", "deep.m4a", ftyp + _box(b"moov", deep)
    yield "box", "empty moov.m4a", ftyp + _box(b"moov", b"")
    yield "box", "size 4.m4a", ftyp + _box(b"moov", b"", size=4)
    big = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", (1 << 64) - 1)
    yield "box", "size 2^64.m4a", ftyp + big
    yield "box", "moov in moov.m4a", ftyp + _box(b"moov", b"") * 5000
    stsz = _box(b"stsz", struct.pack(">III", 0, 0, 0xFFFFFFFF))
    nest = stsz
    for name in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        nest = _box(name, nest)
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


def _archives(folder: Path) -> list[Variant]:
    path = folder / "zip named.mp3"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("song.mp3"), mp3_frames(100))
    return [Variant(path, "archive")]


def _big(folder: Path) -> list[Variant]:
    """Write a picture of 50 MB into an MP3, and into an MP4 without a track."""
    picture = b"\0image/png\0\3\0" + b"\x89PNG" + bytes(PICTURE)
    mp3 = folder / "picture of 50 MB.mp3"
    mp3.write_bytes(id3(frame(b"APIC", picture)) + mp3_frames(250))
    atom = _box(b"covr", _box(b"data", struct.pack(">II", 13, 0) + bytes(PICTURE)))
    m4a = folder / "cover of 50 MB without a track.m4a"
    for name in (b"ilst", b"udta", b"moov"):
        atom = _box(name, atom)
    m4a.write_bytes(_box(b"ftyp", b"M4A \0\0\0\0M4A mp42") + atom)
    return [Variant(mp3, "picture"), Variant(m4a, "picture")]


def main() -> None:
    """Write the corpus that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("sources", type=Path, nargs="*")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scan", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="poison-") as private:
        sources = options.sources
        if not sources:
            from poisoned_scan import make_sources

            sources = make_sources(Path(private))
        made = make_poison(sources, options.folder, seed=options.seed)
        outcomes = {}
        if options.scan:
            outcomes = _scan(options.folder, Path(private), options.jobs)
    kinds = Counter(variant.kind for variant in made)
    for kind, count in sorted(kinds.items()):
        names = (variant.path.name for variant in made if variant.kind == kind)
        ends = Counter(outcomes[name] for name in names if outcomes)
        print(f"{count:5}  {kind:<17}", *(f"{k} {v}" for k, v in ends.most_common()))
    print(f"{len(made):5}  in all, in {options.folder}")


def _scan(folder: Path, private: Path, jobs: int) -> dict[str, str]:
    """Scan the corpus; print the figures, and return what became of every file."""
    from poisoned_scan import scan_folder

    found = scan_folder(folder, private, jobs)
    slowest_s, name = found.slowest
    print(
        f"exit status {found.status}, {found.wall_s:.0f} s, on stderr: {found.said!r}"
    )
    print(f"slowest: {slowest_s:.1f} s, {name}; most memory: {found.peak_mb:.0f} MB")
    again = {k: found.again[k] for k in ("unchanged", "left_alone", "new", "failed")}
    print(f"a second scan: {again}")
    for outcome, count in Counter(found.outcomes.values()).most_common():
        print(f"{count:5}  {outcome}")
    reasons = Counter(
        f"{failure['stage']}: {re.sub(r'[0-9]+', 'N', failure['reason'])}"
        for failure in found.summary["failures"]
    )
    for reason, count in reasons.most_common():
        print(f"{count:5}  {reason}")
    return found.outcomes


if __name__ == "__main__":
    main()
