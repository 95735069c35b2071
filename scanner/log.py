"""A file that takes a line for every file that is read."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

import click


class _LogFile(logging.FileHandler):
    """A log that ends, and says so once, where nothing more can be written."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """Go on without the log."""
        self.setLevel(logging.CRITICAL + 1)
        with suppress(OSError):
            error = sys.exc_info()[1]
            click.echo(f"the log ends here: {self.baseFilename}: {error}", err=True)


def log_to(path: str) -> None:
    """Write what the scan logs to the file at `path`, from now on."""
    log = _LogFile(path, encoding="utf-8", errors="backslashreplace")
    logging.basicConfig(
        handlers=[log],
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
