"""Every report of a run as pictures: one page to send, or files for a paper."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.browse import listed_tracks
from catalog.maps import load_newest_map
from catalog.runs import load_run
from classify.errors import ClassifyError, NothingToReportError
from classify.pictures import STYLE, picture, standalone
from classify.pictures.scatter import scatter
from classify.pictures.svg import text_of
from classify.reports.by_era import by_era
from classify.reports.every import REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.session import Catalog
    from classify.reports.table import Column, Table

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

_MAP_NOTE = (
    "Near points sound alike. The axes mean nothing, and how far apart two distant "
    "groups lie is not to be read."
)


def html_report(
    catalog: Catalog, run_id: int | None = None, *, artist: str = "", through: int = 0
) -> str:
    """Return every report of a run as one HTML page that needs nothing else.

    The report by era is among them where the run judged `artist`.

    Raises
    ------
    NothingToReportError
        The catalog holds nothing that could be shown.
    """
    sections = [_section(name, table) for name, table in tables(catalog, run_id)]
    with suppress(ClassifyError):
        era = by_era(catalog, run_id, artist=artist, through=through)
        sections.append(_section("by-era", era))
    drawn = map_picture(catalog, run_id)
    if drawn is not None:
        sections.insert(0, _map_section(drawn))
    if not sections:
        raise NothingToReportError(
            "the catalog holds nothing to show; run `scan FOLDER` and `classify --all`"
        )
    run = load_run(catalog, run_id)
    title = "sonicat" if run is None else f"sonicat: {run.label_kind}, {run.model}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{text_of(title)}</title><style>{_PAGE}{STYLE}</style></head>"
        f"<body><h1>{text_of(title)}</h1>{''.join(sections)}</body></html>\n"
    )


def write_pictures(
    catalog: Catalog, folder: Path, run_id: int | None = None
) -> list[Path]:
    """Write every report that has a picture, and the map, as SVG into a folder.

    Raises
    ------
    NothingToReportError
        There is no picture to write.
    OSError
        The folder cannot be made or written.
    """
    drawn = {name: picture(table) for name, table in tables(catalog, run_id)}
    drawn["map"] = map_picture(catalog, run_id)
    found = {name: svg for name, svg in drawn.items() if svg is not None}
    if not found:
        raise NothingToReportError("the catalog holds nothing that a picture shows")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, svg in found.items():
        path = folder / f"{name}.svg"
        path.write_text(standalone(svg), encoding="utf-8")
        written.append(path)
    return written


def tables(catalog: Catalog, run_id: int | None) -> Iterator[tuple[str, Table]]:
    """Give every report that has something to say of this catalog."""
    for report in REPORTS:
        try:
            table = report.make(catalog, run_id)
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
    return scatter("The library as a map", stored.xy, names, [t.artist for t in shown])


def _map_section(drawn: str) -> str:
    return (
        '<section id="map"><h2>The library as a map</h2>'
        f'<figure class="scroll">{drawn}</figure>'
        f'<p class="note">{_MAP_NOTE}</p></section>'
    )


def _section(name: str, table: Table) -> str:
    drawn = picture(table)
    figure = f'<figure class="scroll">{drawn}</figure>' if drawn else ""
    head = "".join(
        f"<th{_class(column)}>{text_of(column.name.replace('_', ' '))}</th>"
        for column in table.columns
    )
    body = "".join(_row(table.columns, row) for row in table.rows)
    foot = f"<tfoot>{_row(table.columns, table.total)}</tfoot>" if table.total else ""
    notes = "".join(f'<p class="note">{text_of(note)}</p>' for note in table.notes)
    return (
        f'<section id="{escape(name)}"><h2>{text_of(table.title)}</h2>{figure}'
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody>{foot}</table></div>{notes}</section>"
    )


def _row(columns: tuple[Column, ...], row: tuple[Any, ...]) -> str:
    cells = "".join(
        f"<td{_class(column)}>{text_of(_shown(value, column))}</td>"
        for value, column in zip(row, columns, strict=True)
    )
    return f"<tr>{cells}</tr>"


def _class(column: Column) -> str:
    return "" if column.kind == "text" else ' class="n"'


def _shown(value: Any, column: Column) -> str:
    if value is None:
        return "-"
    if column.kind == "share":
        return f"{value:.2f}"
    return f"{value:.3g}" if column.kind == "number" else str(value)
