"""Decode and measure one upload in a process: `python -m webapp.sandbox_child`.

The audio comes as an open file on standard input: it has no name that anyone could
ask for, and is gone when both ends have closed it. What is said goes to standard
output, one JSON object a line: ``{"done_s": ..., "of_s": ...}`` on the way, then either
``{"error": ...}`` or ``{"bytes": n}``, followed by n bytes of a NumPy archive.

A file from a stranger may be made to crash, hang or swell its decoder; limits are set
before anything of it is read.
"""

from __future__ import annotations

import resource
import sys

import click


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
    from webapp.measuring import measure, pack, say  # noqa: PLC0415

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
