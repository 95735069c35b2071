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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forged import box, frame, id3, mp3_frames, nasty, wav

# what tests of single files take, too
__all__ = ["Variant", "frame", "id3", "make_poison", "mp3_frames", "wav"]

PICTURE = 50 << 20


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
    for kind, name, content in nasty():
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
    atom = box(b"covr", box(b"data", struct.pack(">II", 13, 0) + bytes(PICTURE)))
    m4a = folder / "cover of 50 MB without a track.m4a"
    for name in (b"ilst", b"udta", b"moov"):
        atom = box(name, atom)
    m4a.write_bytes(box(b"ftyp", b"M4A \0\0\0\0M4A mp42") + atom)
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
        f"exit status {found.status}, {found.wall_s:.0f} s, on stderr: {found.errors!r}"
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
