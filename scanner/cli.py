"""The command `scan`."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from scanner.options import AUTO, band_limit, separators, since, span, variants
from scanner.settings import ScanSettings, usable_cores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.progress import Progress
    from scanner.summary import Summary

SOME_FAILED = 3
INTERRUPTED = 130
_DEFAULTS = ScanSettings()
_SETTINGS = frozenset(ScanSettings.__dataclass_fields__)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=bytes))
@click.option(
    "--db",
    metavar="PATH|URL",
    help="The catalog. Default: $SONICAT_DB, else one in your data folder "
    "(`sonicat db path` says where).",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=usable_cores,
    show_default="one per core",
    help="Worker processes.",
)
@click.option(
    "--window",
    "window_s",
    type=click.FloatRange(min=1, max=3600),
    default=_DEFAULTS.window_s,
    show_default=True,
    help="Length of a window, in seconds.",
)
@click.option(
    "--hop",
    "hop_s",
    type=click.FloatRange(min=0.5, max=3600),
    default=_DEFAULTS.hop_s,
    show_default=True,
    help="From the start of one window to the next, in seconds.",
)
@click.option(
    "--band-limit",
    type=band_limit,
    metavar="HZ|auto",
    help="Leave what lies above out of the spectral features, which makes them a "
    "feature set of its own. auto: below where the spectra of tracks and their "
    "re-encodings end; the library is read a second time where that is lower than the "
    "features' own band of 11 kHz.",
)
@click.option("--tags-only", is_flag=True, help="Read the tags, analyse no audio.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say how many files there are to read, how many hours of audio, and how long "
    "that would take. Changes nothing.",
)
@click.option(
    "--retry-failed",
    is_flag=True,
    help="Try files again that failed before and did not change.",
)
@click.option(
    "--accept-missing",
    is_flag=True,
    help="Go on although most of a folder's known tracks are gone, and mark them "
    "missing.",
)
@click.option(
    "--since",
    "since_ns",
    type=since,
    metavar="DATE|AGE",
    help="Only files changed since then: 2026-11-23, or 7d ago.",
)
@click.option(
    "--limit-time",
    "limit_s",
    type=span,
    metavar="TIME",
    help="Begin no more files after this time, as in 2h; the next scan goes on.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=span,
    metavar="TIME",
    default=f"{_DEFAULTS.timeout_s:.0f}",
    show_default="5m",
    help="Give a file up after this time, in proportion more if it plays longer than "
    "ten minutes; 0: never.",
)
@click.option(
    "--wait",
    "wait_s",
    type=span,
    metavar="TIME",
    default=f"{_DEFAULTS.wait_s:.0f}",
    show_default="10s",
    help="How long to wait while another scan has the catalog.",
)
@click.option(
    "--nice",
    "niceness",
    type=click.IntRange(0, 19),
    default=0,
    show_default=True,
    help="Leave the processor to others: the workers' niceness.",
)
@click.option(
    "--guess-from-path/--no-guess-from-path",
    default=None,
    help="Where tags are missing, take artist, album, number and title from the names "
    "of folders and file. Later scans do the same until told otherwise.",
)
@click.option(
    "--artist-separator",
    "artist_separators",
    multiple=True,
    callback=lambda _context, _option, values: separators(values),
    metavar="TEXT",
    help='Also split artist tags here, as in " feat. " or "/"; may be repeated. Later '
    'scans do the same until told otherwise; "" for none.',
)
@click.option(
    "--variants",
    type=variants,
    default=(),
    metavar="LIST",
    help="Also encode a sample of tracks anew and analyse the results, to see what "
    "lossy codecs do: mp3:64k,aac:96k,opus:48k,yt (yt: AAC in MP4, then MP3).",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=_DEFAULTS.sample,
    show_default=True,
    help="Tracks to take for --variants, spread over artists and albums.",
)
@click.option(
    "--seed",
    type=int,
    default=_DEFAULTS.seed,
    show_default=True,
    help="Of the sample.",
)
@click.option(
    "--log-file",
    type=click.Path(dir_okay=False, writable=True),
    help="Write a line for every file there.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress and no summary.")
@click.option("-v", "--verbose", is_flag=True, help="Name every file that is done.")
@click.version_option(package_name="sonicat")
def scan(paths: tuple[bytes, ...], **options: Any) -> None:
    """Read the music below PATHS into the catalog.

    Without PATHS, everything that the catalog knows is scanned again. Files that did
    not change are left alone. Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but
    some files could not be read, 130 interrupted; what was finished is always kept.
    """
    settings = ScanSettings(**{k: v for k, v in options.items() if k in _SETTINGS})
    if options["band_limit"] != AUTO:
        settings = replace(settings, band_limit_hz=options["band_limit"])
    if settings.hop_s > settings.window_s:
        raise click.UsageError("--hop is longer than --window: audio would be skipped")
    with errors_in_one_line():
        _run(paths, settings, options)


def _run(
    paths: tuple[bytes, ...], settings: ScanSettings, options: dict[str, Any]
) -> None:
    from catalog.session import catalog_url  # noqa: PLC0415
    from scanner.progress import progress  # noqa: PLC0415
    from scanner.scan import scan as run_scan  # noqa: PLC0415

    url = catalog_url(options["db"])

    def shown() -> Progress:
        return progress(quiet=options["quiet"], verbose=options["verbose"])

    def scan_once(wanted: ScanSettings) -> Summary:
        return run_scan(paths, url, wanted, shown())

    if options["log_file"]:
        _log_to(options["log_file"])
    if options["dry_run"]:
        from scanner.estimate import estimate  # noqa: PLC0415

        show = shown()
        try:
            figures = estimate(paths, url, settings, show)
        finally:
            show.close()
        _print(figures.as_json(), figures.lines(), options)
        return
    if options["band_limit"] == AUTO:
        from scanner.band_limit import up_to_where_spectra_end  # noqa: PLC0415

        say = shown().say
        summary = up_to_where_spectra_end(scan_once, url, settings, say)
    else:
        summary = scan_once(settings)
    _print(summary.as_json(), summary.lines(), options)
    _finish(summary)


def _print(
    figures: dict[str, Any], lines: Iterator[str], options: dict[str, Any]
) -> None:
    if options["as_json"]:
        click.echo(json.dumps(figures, indent=2))
    elif not options["quiet"]:
        for line in lines:
            click.echo(line)


def _finish(summary: Summary) -> None:
    if summary.interrupted:
        click.echo(
            f"interrupted: what was finished is kept, {summary.left} files are left; "
            "scan again to go on",
            err=True,
        )
        sys.exit(INTERRUPTED)
    if summary.failed:
        sys.exit(SOME_FAILED)


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Turn what can go wrong into a line and an exit status."""
    from catalog.errors import CatalogError  # noqa: PLC0415
    from scanner.errors import (  # noqa: PLC0415
        NothingToScanError,
        PathMissingError,
        ScannerError,
    )

    try:
        yield
    except (NothingToScanError, PathMissingError) as error:
        raise click.UsageError(str(error)) from error
    except (ScannerError, CatalogError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("interrupted: what was finished is kept", err=True)
        sys.exit(INTERRUPTED)


class _LogFile(logging.FileHandler):
    """A log that ends, and says so once, where nothing more can be written."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """Go on without the log."""
        self.setLevel(logging.CRITICAL + 1)
        with suppress(OSError):
            error = sys.exc_info()[1]
            click.echo(f"the log ends here: {self.baseFilename}: {error}", err=True)


def _log_to(path: str) -> None:
    log = _LogFile(path, encoding="utf-8", errors="backslashreplace")
    logging.basicConfig(
        handlers=[log],
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
