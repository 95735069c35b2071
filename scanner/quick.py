"""Command lines of `scan` that are plain enough to be read without click.

Loading click takes as long as a scan that finds nothing new, and such scans are run
by the hour, with a folder and hardly an option. Whatever is not plain is left to
click, which also says what is wrong with it.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from scanner.settings import ScanSettings, usable_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FLAGS = {
    "-q": "quiet",
    "--quiet": "quiet",
    "-v": "verbose",
    "--verbose": "verbose",
    "--json": "as_json",
    "--tags-only": "tags_only",
    "--retry-failed": "retry_failed",
    "--accept-missing": "accept_missing",
}
_SETTINGS = frozenset(ScanSettings._fields)
_COMPLETION = ("_SCAN_COMPLETE", "_SONICAT_COMPLETE")  # a shell asks click for words


def plain_scan(arguments: Sequence[str]) -> Callable[[], int] | None:
    """Return the scan that the arguments ask for; None if click has to read them."""
    options: dict[str, Any] = {"jobs": usable_cores()}
    paths: list[bytes] = []
    if any(name in os.environ for name in _COMPLETION):
        return None
    words = iter(arguments)
    for word in words:
        if word in _FLAGS:
            options[_FLAGS[word]] = True
        elif word == "--db":
            options["db"] = next(words, "-")
            if options["db"].startswith("-"):
                return None
        elif word.startswith("-") or not word:
            return None
        else:
            paths.append(os.fsencode(word))
    from scanner.command import Wishes, run  # noqa: PLC0415

    settings = {k: v for k, v in options.items() if k in _SETTINGS}
    wishes = {k: v for k, v in options.items() if k not in _SETTINGS}
    return partial(run, paths, ScanSettings(**settings), Wishes(**wishes))
