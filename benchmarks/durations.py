"""Compare how long files are with what ffmpeg plays of them.

    python benchmarks/durations.py FOLDER_OR_FILE ... [--odd] [--ffmpeg PATH]

Of every audio file: what its frames add up to, and what the decoder yields, against
the time at which ``ffmpeg -f null`` ends. --odd adds the files of
tests/files/odd_lengths.py, of which the length is known that went in (ffmpeg itself
plays some of them in part), or that they must be failures. Prints a line for each that
differs by more than 0.15 s and 0.5 %, and the largest differences at the end; status 1
if there was such a line.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scanner.audio.decode import AudioStream, is_shorter
from scanner.audio.encode import ffmpeg_path
from scanner.audio.files import audio_file
from scanner.audio.payload import read_payload
from scanner.exceptions import FileError
from scanner.walk import walk
from tests.files.odd_lengths import AS_FFMPEG, ODD, Encoder

TIME = re.compile(rb"time=(\d+):(\d\d):(\d\d\.\d+)")


SLACK_S = 0.15


class Lengths(NamedTuple):
    """Seconds of one file; None where they are not told."""

    name: str
    true: float | None
    counted: float | None
    decoded: float | None
    failure: str


def null_seconds(path: Path, program: str) -> float:
    """Return the time at which ``ffmpeg -f null`` ends."""
    command = [program, "-nostdin", "-hide_banner", "-i", path, "-map", "0:a:0"]
    done = subprocess.run(
        [*command, "-f", "null", "-"], capture_output=True, check=False
    )
    found = TIME.findall(done.stderr)
    if not found:
        return 0.0
    hours, minutes, seconds = map(float, found[-1])
    return 3600 * hours + 60 * minutes + seconds


def measure(path: Path, true_s: float | None) -> Lengths:
    """Measure one file in every way."""
    counted_s = decoded_s = None
    failure = ""
    try:
        with audio_file(os.fsencode(path)) as file:
            length = read_payload(file).length
            counted_s = length.seconds if length else None
            with AudioStream(file, length) as audio:
                samples = sum(map(len, audio.blocks()))
                decoded_s = samples / audio.sample_rate
    except FileError as error:
        failure = str(error)
    return Lengths(path.name, true_s, counted_s, decoded_s, failure)


def differs(one: float, other: float) -> bool:
    """Say whether two lengths clearly differ, by more than two encoders may pad."""
    return is_shorter(one, other, SLACK_S) or is_shorter(other, one, SLACK_S)


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--odd", action="store_true")
    parser.add_argument("--ffmpeg", default=None)
    options = parser.parse_args()
    program = options.ffmpeg or ffmpeg_path()
    wrong = failed = count = 0
    most: dict[str, float] = {"counted": 0.0, "decoded": 0.0}
    for found in files(options.paths, odd=options.odd, program=program):
        count += 1
        failed += bool(found.failure)
        bad = bool(found.failure) != (found.true is None)
        for kind, before in most.items():
            value = getattr(found, kind)
            if value is not None and found.true is not None and not found.failure:
                bad = bad or differs(value, found.true)
                most[kind] = max(before, abs(value - found.true))
        if bad:
            wrong += 1
            print(found)
    told = ", ".join(f"{kind} {value:.3f} s" for kind, value in most.items())
    print(f"{count} files, {failed} failures, {wrong} wrong; at most {told}")
    return 1 if wrong else 0


def files(paths: list[Path], *, odd: bool, program: str) -> Iterator[Lengths]:
    """Yield the lengths of every file."""
    for found in walk(paths, on_error=print):
        path = Path(os.fsdecode(found.root)) / os.fsdecode(found.path)
        yield measure(path, null_seconds(path, program))
    if odd:
        with tempfile.TemporaryDirectory() as folder:
            encode = Encoder(Path(folder))
            for name, file in ODD.items():
                path = Path(folder) / name
                path.write_bytes(file.make(encode))
                heard_s = file.seconds
                if heard_s == AS_FFMPEG:
                    heard_s = null_seconds(path, program)
                yield measure(path, heard_s)


if __name__ == "__main__":
    sys.exit(main())
