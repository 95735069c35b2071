"""A profile function that writes down the project files whose functions run.

Python imports this module by itself where its folder stands on PYTHONPATH, in worker
processes too. It does nothing unless SONICAT_TRACE names a folder.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
from types import CodeType, FrameType
from typing import Any

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGES = ("sonicat", "scanner", "catalog", "classify", "webapp", "migrations")
PREFIXES = tuple(os.path.join(CHECKOUT, name, "") for name in PACKAGES)


def trace_into(folder: str) -> None:
    """Write into `folder` the file of every function that runs from now on."""
    known: set[CodeType] = set()

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event != "call" or code in known:
            return
        known.add(code)
        if is_function(code) and code.co_filename.startswith(PREFIXES):
            write_line(folder, code)

    threading.setprofile(profile)
    sys.setprofile(profile)


def is_function(code: CodeType) -> bool:
    """Say whether `code` is a named function: no module, no class body, no lambda."""
    return bool(code.co_flags & inspect.CO_OPTIMIZED) and code.co_name[0] != "<"


def write_line(folder: str, code: CodeType) -> None:
    """Append one line at once: a worker is killed when it has nothing left to do."""
    line = f"{os.path.relpath(code.co_filename, CHECKOUT)}\t{code.co_qualname}\n"
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    file = os.open(os.path.join(folder, str(os.getpid())), flags, 0o600)
    os.write(file, line.encode())
    os.close(file)


if os.environ.get("SONICAT_TRACE"):
    trace_into(os.environ["SONICAT_TRACE"])
