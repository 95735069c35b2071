"""The command `scan`: its options, its log file and what it prints."""

from __future__ import annotations

import gc
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import click

from catalog.database import catalog_url
from catalog.exceptions import InterruptedRunError
from scanner import pipeline
from scanner.progress import Progress, choose_progress
from scanner.settings import ScanSettings, usable_cores
from scanner.signals import explain_interruption
from scanner.summary import Summary
from sonicat.errors import SOME_FAILED
from sonicat.options import (
    AUTO,
    DB,
    SETTINGS,
    parse_band_limit,
    parse_duration,
    parse_since,
    parse_variants,
)

_DEFAULTS = ScanSettings()


@click.command(context_settings=SETTINGS)
@click.argument("paths", nargs=-1, type=click.Path(path_type=bytes))
@DB
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
    type=parse_band_limit,
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
    type=parse_since,
    metavar="DATE|AGE",
    help="Only files changed since then: 2026-11-23, or 7d ago.",
)
@click.option(
    "--limit-time",
    "limit_s",
    type=parse_duration,
    metavar="TIME",
    help="Begin no more files after this time, as in 2h; the next scan goes on.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=parse_duration,
    metavar="TIME",
    show_default="5m",
    help="Give a file up after this time, in proportion more if it plays longer than "
    "ten minutes; 0: never.",
)
@click.option(
    "--wait",
    "wait_s",
    type=parse_duration,
    metavar="TIME",
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
    metavar="TEXT",
    help='Also split artist tags here, as in " feat. " or "/"; may be repeated. Later '
    'scans do the same until told otherwise; "" for none.',
)
@click.option(
    "--variants",
    type=parse_variants,
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
    auto = options["band_limit"] == AUTO
    separators = options["artist_separators"]
    options |= {
        "auto_band_limit": auto,
        "band_limit_hz": None if auto else options["band_limit"],
        # Given once and empty, it asks for none; not given, for those of before.
        "artist_separators": tuple(filter(None, separators)) if separators else None,
    }
    settings = ScanSettings(**_only_fields(ScanSettings, options))
    if settings.hop_s > settings.window_s:
        raise click.UsageError("--hop is longer than --window: audio would be skipped")
    command = CommandOptions(**_only_fields(CommandOptions, options))
    sys.exit(run(paths, settings, command))


class CommandOptions(NamedTuple):
    """The options of the command `scan` that are no settings of the scan itself.

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

    def progress(self) -> Progress:
        """Return what shows how far the scan is."""
        return choose_progress(quiet=self.quiet, verbose=self.verbose)


def _only_fields(
    kind: type[ScanSettings | CommandOptions], options: dict[str, Any]
) -> dict[str, Any]:
    """Return the options that are fields, save those that were not given."""
    given = {name: value for name, value in options.items() if value is not None}
    return {name: given[name] for name in kind._fields if name in given}


def run(paths: Sequence[bytes], settings: ScanSettings, command: CommandOptions) -> int:
    """Scan, or estimate the scan, and print what came of it; return the exit status.

    Raises
    ------
    SonicatError
        What went wrong.
    """
    if command.log_file:
        log_to(command.log_file)
    url = catalog_url(command.db)
    # Up to where files are read, all that is made is kept: nothing to collect.
    gc.disable()
    try:
        with explain_interruption("what was finished is kept"):
            if command.dry_run:
                return _estimate(paths, url, settings, command)
            return _scan(paths, url, settings, command)
    finally:
        gc.enable()


def _estimate(
    paths: Sequence[bytes], url: str, settings: ScanSettings, command: CommandOptions
) -> int:
    # Loads what reads files, and SQLAlchemy: a scan with nothing to read does without.
    from scanner import band_limit, estimate  # noqa: PLC0415

    if command.auto_band_limit:
        limit_hz = band_limit.find_band_limit(url)
        settings = settings._replace(band_limit_hz=limit_hz)
    progress = command.progress()
    try:
        result = estimate.estimate(paths, url, settings, progress)
    finally:
        progress.close()
    _print(result.as_json(), result.lines(), command)
    return 0


def _scan(
    paths: Sequence[bytes], url: str, settings: ScanSettings, command: CommandOptions
) -> int:
    def scan_once(settings: ScanSettings) -> Summary:
        return pipeline.scan(paths, url, settings, command.progress())

    if command.auto_band_limit:
        from scanner.band_limit import scan_below_limit  # noqa: PLC0415 - SQLAlchemy

        say = command.progress().say
        summary = scan_below_limit(scan_once, url, settings, say)
    else:
        summary = scan_once(settings)
    _print(summary.as_json(), summary.lines(), command)
    if summary.failed and command.quiet and not command.as_json:
        click.echo(_failures_line(len(summary.failed), summary.catalog), err=True)
    if summary.interrupted:
        raise InterruptedRunError(
            f"interrupted: what was finished is kept, {summary.left} files are left; "
            "scan again to go on"
        )
    return SOME_FAILED if summary.failed else 0


def _failures_line(count: int, catalog: str) -> str:
    """Return what is said even where nothing else is to be."""
    what = "1 file or folder" if count == 1 else f"{count} files or folders"
    return f"scan: {what} could not be read: `report --failures` names them ({catalog})"


def _print(
    figures: dict[str, Any], lines: Iterator[str], command: CommandOptions
) -> None:
    if command.as_json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    elif not command.quiet:
        sys.stdout.writelines(f"{line}\n" for line in lines)


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
