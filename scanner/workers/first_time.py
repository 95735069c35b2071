"""Compile the kernels once, in as many processes as there are parts of them."""

from __future__ import annotations

import subprocess
import sys

from scanner.features.kept import are_compiled, note_compiled


def is_first_time() -> bool:
    """Say whether this version's kernels are still to be compiled on this machine."""
    return not are_compiled()


def compile_kernels() -> None:
    """Compile all kernels into the cache, so that no worker has to.

    What fails here, for want of a folder to keep them in, each worker does for itself.
    """
    from scanner.features.rehearsal import PARTS  # noqa: PLC0415  (loads NumPy)

    code = "from scanner.features.rehearsal import load; load({})"
    processes = [
        subprocess.Popen(  # noqa: S603  (this interpreter, this code)
            [sys.executable, "-P", "-c", code.format(part)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for part in range(len(PARTS))
    ]
    try:
        statuses = [process.wait() for process in processes]
        if not any(statuses):
            note_compiled()
    finally:
        for process in processes:
            process.kill()
