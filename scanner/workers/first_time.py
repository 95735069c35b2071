"""Compile the kernels once, in as many processes as there are parts of them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from scanner.features.kernels import are_compiled, note_compiled
from scanner.features.parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable


def compile_once(say: Callable[[str], None]) -> None:
    """Have all kernels compiled into the cache, so that no worker has to.

    What fails here, for want of a folder to keep them in, each worker does for itself.

    Parameters
    ----------
    say : callable
        Called with what is being done, where there is something to do.
    """
    if are_compiled():
        return
    say("compiling the analysis for this machine, once ...")
    code = "from scanner.features.parts import load; load({})"
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
