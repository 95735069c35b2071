"""Decode and measure one upload in a process: `python -m webapp.sandbox_child`.

The audio comes as an open file on standard input: it has no name that anyone could
ask for, and is gone when both ends have closed it. What is said goes to standard
output, one JSON object a line: ``{"done_s": ..., "of_s": ...}`` on the way, then either
``{"error": ...}`` or ``{"bytes": n}``, followed by n bytes of a NumPy archive.

A file from a stranger may be made to crash, hang or swell its decoder; limits are set
before anything of it is read.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import time
from typing import Any

import click
import numpy as np

from scanner.audio.decode import open_audio
from scanner.audio.payload import payload_hash
from scanner.exceptions import DecodeError, ScannerError
from scanner.features.extractor import Extractor
from scanner.tags.read import read_tags


@click.command(hidden=True)
@click.option("--window-s", type=float, required=True)
@click.option("--hop-s", type=float, required=True)
@click.option("--band-limit-hz", type=float)
@click.option("--max-audio-s", type=float, required=True)
@click.option("--cpu-s", type=int, required=True)
@click.option("--memory", type=int, required=True)
def main(
    window_s: float,
    hop_s: float,
    band_limit_hz: float | None,
    max_audio_s: float,
    cpu_s: int,
    memory: int,
) -> None:
    """Measure the audio on standard input."""
    limit(cpu_s=cpu_s, memory=memory)
    from scanner.exceptions import ScannerError  # noqa: PLC0415 (after the limits)
    from webapp.sandbox_child import measure, pack, say  # noqa: PLC0415

    try:
        arrays = measure(window_s, hop_s, band_limit_hz, max_audio_s)
    except ScannerError as error:
        say(error=str(getattr(error, "reason", error)))
    except MemoryError:
        say(error="it takes more memory than one upload may have")
    else:
        archive = pack(arrays)
        say(bytes=len(archive))
        sys.stdout.buffer.write(archive)
        sys.stdout.buffer.flush()


def limit(*, cpu_s: int, memory: int) -> None:
    """Bound this process and those that it starts; none leaves a core file."""
    for what, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (bound, bound))
        except (ValueError, OSError):  # macOS knows the memory limit, but keeps none
            if what != resource.RLIMIT_AS:
                raise


if __name__ == "__main__":
    main()


STDIN = b"/dev/stdin"
_SAY_EVERY_S = 0.25


def measure(
    window_s: float, hop_s: float, band_limit_hz: float | None, max_audio_s: float
) -> dict[str, Any]:
    """Return the windows of the audio on standard input, as arrays.

    Raises
    ------
    ScannerError
        It is no audio, is damaged, or lasts longer than `max_audio_s`.
    """
    expected_s = _expected_s(max_audio_s)
    with open_audio(STDIN) as audio:
        extractor = Extractor(
            audio.sample_rate,
            audio.channels,
            window_s=window_s,
            hop_s=hop_s,
            band_limit_hz=band_limit_hz,
        )
        done, told = 0, 0.0
        for block in audio.blocks():
            extractor.push(block)
            done += len(block)
            _refuse_longer(done / audio.sample_rate, max_audio_s)
            if time.monotonic() - told > _SAY_EVERY_S:
                told = time.monotonic()
                say(done_s=round(done / audio.sample_rate, 1), of_s=expected_s)
    found = extractor.finish()
    return {
        "payload_hash": payload_hash(STDIN),
        "status": found.status,
        "duration_s": found.duration_s,
        "start_s": found.windows.start_s,
        "window_s": found.windows.duration_s,
        "silent": found.windows.silent,
        "vectors": found.windows.vectors,
        **{one.kind: one.values for one in found.sequences},
        "rate_hz": found.sequences[0].rate_hz if found.sequences else 0.0,
    }


def _expected_s(max_audio_s: float) -> float | None:
    """Return how long the file says it is; None where it does not say."""
    try:
        _, stream = read_tags(STDIN)
    except ScannerError:
        return None
    if stream.duration_s is not None:
        _refuse_longer(stream.duration_s, max_audio_s)
    return stream.duration_s


def _refuse_longer(seconds: float, most: float) -> None:
    if seconds > most:
        raise DecodeError(f"it lasts longer than {most / 60:g} minutes")


def say(**what: object) -> None:
    """Tell the parent something."""
    sys.stdout.buffer.write(json.dumps(what).encode() + b"\n")
    sys.stdout.buffer.flush()


def pack(arrays: dict[str, Any]) -> bytes:
    """Return arrays as bytes, without pickle."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **arrays)
    return archive.getvalue()
