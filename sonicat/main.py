"""Where every command begins: `sonicat`, `scan`, `classify` and `report`.

Nothing is loaded here that a scan with nothing to do can do without: click alone takes
as long as such a scan.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `sonicat`."""
    run("sonicat", arguments)


def scan() -> None:
    """Run `scan`."""
    run("scan")


def classify() -> None:
    """Run `classify`."""
    run("classify")


def report() -> None:
    """Run `report`."""
    run("report")


def run(name: str, arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process: a line at most, and an exit status.

    0: done; 1: failed; 2: wrong usage; 3: done, but some files failed; 130:
    interrupted.
    """
    _open_streams()
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = _run(name, given)
        sys.stdout.flush()
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the last line of defence
        from sonicat.errors import told  # noqa: PLC0415 (loads click)

        asked = "sonicat scan" if name == "sonicat" and given[:1] == ["scan"] else name
        status = told(name, error, asked)
    sys.exit(status)


def _run(name: str, arguments: list[str]) -> int:
    if name == "scan" or (name == "sonicat" and arguments[:1] == ["scan"]):
        from scanner.quick import plain_scan  # noqa: PLC0415 (when needed)

        if (plain := plain_scan(arguments[name == "sonicat" :])) is not None:
            return plain()
    from sonicat.group import run  # noqa: PLC0415 (loads click)

    return run(name, arguments)


def _open_streams() -> None:
    """Make up for streams that were closed, as by ``2>&-``, or cannot show it all.

    The next file that is opened would be taken for them, and workers want them too.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # Opening gives the lowest number that is free, which is this one.
            opened = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(opened, True)  # noqa: FBT003  (takes no keyword)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            stream = os.fdopen(number, mode, encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What the terminal's encoding lacks is written as \uXXXX, as on stderr.
        sys.stdout.reconfigure(errors="backslashreplace")
