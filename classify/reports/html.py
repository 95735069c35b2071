"""Every report of a run as pictures: one page to send, or files for a paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

from catalog.browse import listed_tracks
from catalog.database import Catalog
from catalog.maps import load_newest_map
from catalog.runs import load_run
from classify.exceptions import CannotDrawError, ClassifyError, NothingToReportError
from classify.reports.charts.choose import picture
from classify.reports.charts.lines import scatter
from classify.reports.charts.svg import STYLE, standalone, text_of
from classify.reports.registry import (
    OF_AN_ARTIST,
    QUICK_OF_AN_ARTIST,
    REPORTS,
    STUDIES,
)
from classify.reports.table import Column, Table, as_csv, shown

_TO_TOP = '<p class="note"><a href="#top">All reports</a></p>'
_PAGE = (
    ":root{color-scheme:light dark;--page:#fff;--ink:#1b1f24;--line:#d5dae0;"
    "--soft:#57616c}"
    "@media(prefers-color-scheme:dark){:root{--page:#14171b;--ink:#e8eaed;"
    "--line:#3a424c;--soft:#a4adb8}}"
    "body{margin:0 auto;max-width:1000px;padding:16px;background:var(--page);"
    "color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "a{color:inherit}section{border-top:1px solid var(--line);margin-top:32px}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:14px;width:100%}"
    "th,td{text-align:left;padding:4px 10px;border-bottom:1px solid var(--line)}"
    ".n{text-align:right;font-variant-numeric:tabular-nums}"
    ".note{color:var(--soft);font-size:14px}figure{margin:0 0 16px}"
)

_MAP_TITLE = "The library as a map"
_MAP_NOTE = (
    "Near points sound alike. The axes mean nothing, and how far apart two distant "
    "groups lie is not to be read."
)


def html_report(
    catalog: Catalog,
    run_id: int | None = None,
    *,
    of_artist: dict[str, Any] | None = None,
    train: bool = False,
) -> str:
    """Return every report of a run as one HTML page that needs nothing else.

    Nothing in it runs, so that it opens wherever a mail's attachment does: its tables
    do not sort, but each is there as CSV.

    Parameters
    ----------
    catalog : Catalog
    run_id : int or None
    of_artist : dict, optional
        ``artist`` and ``through`` of the reports by era, which are among them where
        the run judged that artist.
    train : bool
        Whether those are made, too, that train models again.

    Raises
    ------
    NothingToReportError
        The catalog holds nothing that could be shown.
    """
    drawn = map_picture(catalog, run_id)
    parts = [] if drawn is None else [("map", _MAP_TITLE, _map_section(drawn))]
    parts += [
        (name, table.title, _section(name, table))
        for name, table in tables(catalog, run_id, of_artist=of_artist, train=train)
    ]
    if not parts:
        raise NothingToReportError(
            "the catalog holds nothing to show; run `scan FOLDER` and `classify --all`"
        )
    run = load_run(catalog, run_id)
    title = "sonicat" if run is None else f"sonicat: {run.label_kind}, {run.model}"
    contents = "".join(
        f'<li><a href="#{escape(name)}">{text_of(heading)}</a></li>'
        for name, heading, _ in parts
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{text_of(title)}</title><style>{_PAGE}{STYLE}</style></head>"
        f'<body><h1 id="top">{text_of(title)}</h1><nav aria-label="Reports"><ul>'
        f"{contents}</ul></nav>{''.join(part for *_, part in parts)}</body></html>\n"
    )


def write_pictures(
    catalog: Catalog,
    folder: Path,
    run_id: int | None = None,
    *,
    of_artist: dict[str, Any] | None = None,
    train: bool = False,
    png: bool = False,
) -> Iterator[Path]:
    """Write every report that has a picture, and the map, into a folder.

    Parameters are those of `html_report`; with `png` as SVG and as PNG.

    Returns
    -------
    iterator of Path
        Each file when it is written.

    Raises
    ------
    NothingToReportError
        There is no picture to write.
    CannotDrawError
        No program of this system makes a PNG.
    OSError
        The folder cannot be made or written.
    """
    made = tables(catalog, run_id, of_artist=of_artist, train=train)
    drawn = ((name, picture(table)) for name, table in made)
    nothing = True
    for name, svg in chain([("map", map_picture(catalog, run_id))], drawn):
        if svg is None:
            continue
        nothing = False
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.svg"
        path.write_text(standalone(svg), encoding="utf-8")
        yield path
        if png:
            write_png(path)
            yield path.with_suffix(".png")
    if nothing:
        raise NothingToReportError("the catalog holds nothing that a picture shows")


def tables(
    catalog: Catalog,
    run_id: int | None,
    *,
    of_artist: dict[str, Any] | None = None,
    train: bool = False,
) -> Iterator[tuple[str, Table]]:
    """Give every report that has something to say of this catalog."""
    quick = [one for one in OF_AN_ARTIST if one.name == QUICK_OF_AN_ARTIST]
    slow = [one for one in OF_AN_ARTIST if one not in quick]
    eras = [] if of_artist is None else [*quick, *(slow if train else ())]
    for report in (*REPORTS, *eras, *(STUDIES if train else ())):
        try:
            choice = of_artist if report in eras and of_artist else {}
            table = report.make(catalog, run_id, **choice)
        except ClassifyError:
            continue  # a run that lacks one report may still have the others
        if table.rows:
            yield report.name, table


def map_picture(catalog: Catalog, run_id: int | None) -> str | None:
    """Return the stored map as a picture; None where none was drawn yet."""
    run = load_run(catalog, run_id)
    stored = load_newest_map(catalog, run.feature_set_id if run else None)
    if stored is None or not len(stored.xy):
        return None
    tracks = {track.id: track for track in listed_tracks(catalog)}
    shown = [tracks[int(number)] for number in stored.track_ids]
    names = [
        ", ".join(part for part in (t.title or t.path, t.artist, t.album) if part)
        for t in shown
    ]
    return scatter(_MAP_TITLE, stored.xy, names, [t.artist for t in shown])


def _map_section(drawn: str) -> str:
    return (
        f'<section id="map"><h2>{_MAP_TITLE}</h2>'
        f'<figure class="scroll">{drawn}</figure>'
        f'<p class="note">{_MAP_NOTE}</p>{_TO_TOP}</section>'
    )


def _section(name: str, table: Table) -> str:
    drawn = picture(table)
    figure = f'<figure class="scroll">{drawn}</figure>' if drawn else ""
    head = "".join(
        f"<th{_class(column)}>{text_of(column.name.replace('_', ' '))}</th>"
        for column in table.columns
    )
    body = "".join(_row(table.columns, row) for row in table.shown_rows)
    foot = f"<tfoot>{_row(table.columns, table.total)}</tfoot>" if table.total else ""
    notes = "".join(
        f'<p class="note">{text_of(note)}</p>' for note in table.shown_notes
    )
    return (
        f'<section id="{escape(name)}"><h2>{text_of(table.title)}</h2>{figure}'
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody>{foot}</table></div>{notes}"
        f'<p class="note"><a download="{escape(name)}.csv" href="{_csv(table)}">CSV</a>'
        f"</p>{_TO_TOP}</section>"
    )


def _csv(table: Table) -> str:
    """Return the table's CSV as an address that holds it."""
    text = as_csv(table).encode("utf-8", "replace")
    return f"data:text/csv;charset=utf-8,{quote(text)}"


def _row(columns: tuple[Column, ...], row: tuple[Any, ...]) -> str:
    cells = "".join(
        f"<td{_class(column)}>{text_of(shown(value, column))}</td>"
        for value, column in zip(row, columns, strict=True)
    )
    return f"<tr>{cells}</tr>"


def _class(column: Column) -> str:
    return "" if column.kind == "text" else ' class="n"'


SCALE = 2.5
"""Pixels of the PNG for one of the SVG: about 240 dots an inch on paper."""
_WIDTH = re.compile(r'<svg[^>]* width="([\d.]+)"')
_USUAL_WIDTH = 850
_TIMEOUT_S = 60


def write_png(svg: Path) -> Path:
    """Write a standalone picture as PNG beside itself.

    Parameters
    ----------
    svg : Path
        Of a file as `standalone` makes it.

    Raises
    ------
    CannotDrawError
        No program of this system reads SVG.
    """
    found = _WIDTH.search(svg.read_text(encoding="utf-8")[:4096])
    width = round(SCALE * float(found[1] if found else _USUAL_WIDTH))
    svg = svg.resolve()
    png = svg.with_suffix(".png")
    png.unlink(missing_ok=True)
    for command in _commands(svg, png, width):
        try:
            subprocess.run(  # noqa: S603 (fixed options, our own picture)
                command, capture_output=True, check=False, timeout=_TIMEOUT_S
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if png.is_file():
            return png
    raise CannotDrawError(
        "PNG needs rsvg-convert (package librsvg2-bin, on macOS librsvg) or an ffmpeg "
        "that reads SVG; install one, or leave --png out and take the SVG files"
    )


def _commands(svg: Path, png: Path, width: int) -> Iterator[list[str]]:
    if drawer := shutil.which("rsvg-convert"):
        options = ["--width", str(width), "--keep-aspect-ratio"]
        yield [drawer, *options, "-o", str(png), str(svg)]
    if ffmpeg := shutil.which("ffmpeg"):  # Debian's is built with librsvg
        options = ["-v", "error", "-nostdin", "-y", "-width", str(width)]
        yield [ffmpeg, *options, "-i", f"file:{svg}", "-frames:v", "1", f"file:{png}"]
