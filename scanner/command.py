"""What the command `scan` does once its options are read, whoever read them.

Free of click, which takes as long to load as a scan with nothing to do.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from catalog.exceptions import CatalogError
from scanner.exceptions import NothingToScanError, PathMissingError, ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanner.progress import Progress
    from scanner.settings import ScanSettings
    from scanner.summary import Summary

SOME_FAILED = 3
INTERRUPTED = 130


class Wishes(NamedTuple):
    """What `scan` was asked for besides the scan itself.

    Attributes
    ----------
    db : str or None
        The catalog's path or URL.
    quiet, verbose, as_json : bool
    dry_run : bool
        Estimate only.
    auto_band_limit : bool
        Find the limit of the spectral features in the library itself.
    log_file : str or None
        Takes a line for every file.
    """

    db: str | None = None
    quiet: bool = False
    verbose: bool = False
    as_json: bool = False
    dry_run: bool = False
    auto_band_limit: bool = False
    log_file: str | None = None


def run(paths: Sequence[bytes], settings: ScanSettings, wishes: Wishes) -> int:
    """Scan and say what came of it; return the exit status.

    Raises
    ------
    click.ClickException
        What went wrong, as a line.
    """
    # Up to where files are read, all that is made is kept: nothing to collect.
    gc.disable()
    try:
        with _errors_in_one_line():
            return _run(paths, settings, wishes)
    except KeyboardInterrupt:
        _echo("interrupted: what was finished is kept", err=True)
        return INTERRUPTED
    finally:
        gc.enable()


def _run(paths: Sequence[bytes], settings: ScanSettings, wishes: Wishes) -> int:
    from catalog.database import catalog_url  # noqa: PLC0415 (all that help needs not)
    from scanner.pipeline import scan  # noqa: PLC0415
    from scanner.progress import progress  # noqa: PLC0415

    url = catalog_url(wishes.db)

    def shown() -> Progress:
        return progress(quiet=wishes.quiet, verbose=wishes.verbose)

    def scan_once(wanted: ScanSettings) -> Summary:
        return scan(paths, url, wanted, shown())

    if wishes.log_file:
        from scanner.log import log_to  # noqa: PLC0415

        log_to(wishes.log_file)
    if wishes.dry_run:
        from scanner.estimate import estimate  # noqa: PLC0415

        if wishes.auto_band_limit:
            from scanner.band_limit import limit_of_material  # noqa: PLC0415

            settings = settings._replace(band_limit_hz=limit_of_material(url))
        show = shown()
        try:
            figures = estimate(paths, url, settings, show)
        finally:
            show.close()
        _print(figures.as_json(), figures.lines(), wishes)
        return 0
    if wishes.auto_band_limit:
        from scanner.band_limit import up_to_where_spectra_end  # noqa: PLC0415

        say = shown().say
        summary = up_to_where_spectra_end(scan_once, url, settings, say)
    else:
        summary = scan_once(settings)
    _print(summary.as_json(), summary.lines(), wishes)
    return _finish(summary)


def _print(figures: dict[str, Any], lines: Iterator[str], wishes: Wishes) -> None:
    if wishes.as_json:
        import json  # noqa: PLC0415

        _echo(json.dumps(figures, indent=2))
    elif not wishes.quiet:
        for line in lines:
            _echo(line)


def _finish(summary: Summary) -> int:
    if summary.interrupted:
        _echo(
            f"interrupted: what was finished is kept, {summary.left} files are left; "
            "scan again to go on",
            err=True,
        )
        return INTERRUPTED
    return SOME_FAILED if summary.failed else 0


def _echo(text: str, *, err: bool = False) -> None:
    (sys.stderr if err else sys.stdout).write(text + "\n")


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    """Turn what can go wrong into what click says in a line."""
    try:
        yield
    except (NothingToScanError, PathMissingError) as error:
        import click  # noqa: PLC0415

        raise click.UsageError(str(error)) from error
    except (ScannerError, CatalogError) as error:
        import click  # noqa: PLC0415

        raise click.ClickException(str(error)) from error
