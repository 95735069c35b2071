"""Limited child process that measures one upload."""

from __future__ import annotations

import io
import json
import resource
import sys

import click
import numpy as np

from classify.measure import (
    MeasuredFile,
    MeasuringSettings,
    measure_file,
    refuse_longer,
)
from scanner.exceptions import ScannerError
from scanner.tags.read import read_tags

STDIN = b"/dev/stdin"


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
    """Measure the audio on standard input.

    It comes as an open file: it has no name that anyone could ask for, and is gone
    when both ends have closed it. What is written to standard output is one JSON
    object a line: ``{"done_s": ..., "of_s": ...}`` on the way, then either
    ``{"error": ...}`` or ``{"bytes": n}``, followed by n bytes of a NumPy archive.
    """
    # A file from a stranger may be made to crash, hang or swell its decoder.
    set_limits(cpu_s=cpu_s, memory=memory)
    settings = MeasuringSettings(window_s, hop_s, band_limit_hz, max_audio_s)
    try:
        expected_s = _expected_s(max_audio_s)
        measured = measure_file(
            STDIN,
            settings,
            lambda done_s: _write(done_s=round(done_s, 1), of_s=expected_s),
        )
    except ScannerError as error:
        _write(error=str(getattr(error, "reason", error)))
    except MemoryError:
        _write(error="it takes more memory than one upload may have")
    else:
        archive = pack_measured(measured)
        _write(bytes=len(archive))
        sys.stdout.buffer.write(archive)
        sys.stdout.buffer.flush()


def set_limits(*, cpu_s: int, memory: int) -> None:
    """Bound this process and those that it starts; none leaves a core file."""
    for what, limit in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        try:
            resource.setrlimit(what, (bound, bound))
        except (ValueError, OSError):  # macOS knows the memory limit, but keeps none
            if what != resource.RLIMIT_AS:
                raise


def pack_measured(measured: MeasuredFile) -> bytes:
    """Return a measured file as bytes, without pickle."""
    archive = io.BytesIO()
    np.savez(
        archive,
        allow_pickle=False,
        payload_hash=np.array(measured.payload_hash),
        duration_s=np.array(measured.duration_s),
        start_s=measured.start_s,
        window_s=measured.window_s,
        silent=measured.silent,
        vectors=measured.vectors,
        chroma=measured.sequences.chroma,
        logmel=measured.sequences.logmel,
        rate_hz=np.array(measured.sequences.rate_hz),
    )
    return archive.getvalue()


def _expected_s(max_audio_s: float) -> float | None:
    """Return how long the file says it is; None where it does not say."""
    try:
        _, stream = read_tags(STDIN)
    except ScannerError:
        return None
    if stream.duration_s is not None:
        refuse_longer(stream.duration_s, max_audio_s)
    return stream.duration_s


def _write(**values: object) -> None:
    """Write one line to the parent."""
    sys.stdout.buffer.write(json.dumps(values).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
