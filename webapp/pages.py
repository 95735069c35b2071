"""What people look at."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from catalog.browse import listed_tracks, state
from catalog.said import tracks_said
from classify.pictures import STYLE, picture, standalone
from classify.render import as_csv
from classify.reports.by_era import by_era
from classify.reports.every import REPORTS
from classify.reports.table import Table
from webapp.context import catalog, chosen_run, runs, shared
from webapp.errors import NotFoundError, WebError
from webapp.reporting import report_named
from webapp.trackview import feature_pictures, track_document

pages = Blueprint("pages", __name__)

NAVIGATION = (
    ("pages.map_page", "Map"),
    ("pages.upload_page", "Whose song is this?"),
    ("pages.tracks_page", "Tracks"),
    ("pages.reports_page", "Reports"),
)
TRACKS_ON_A_PAGE = 200
LINKED = frozenset({"artist", "album", "title", "path"})
"""Columns whose values lead to the list of their tracks."""
_LAST_YEAR = 9999


@pages.get("/")
def map_page() -> str:
    """Show the map."""
    now = state(catalog())
    if not now.tracks:
        return _empty()
    return render_template(
        "map.html",
        run=chosen_run(),
        runs=runs(),
        state=now,
        windows_map=shared().settings.windows_map,
    )


@pages.get("/upload")
def upload_page() -> str:
    """Let a reader have a file judged."""
    limits = shared().settings.limits
    return render_template(
        "upload.html", run=chosen_run(), limits=limits, state=state(catalog())
    )


@pages.get("/tracks")
def tracks_page() -> str:
    """List tracks, a page at a time."""
    listed = listed_tracks(catalog())
    if not listed:
        return _empty()
    wanted = request.args.get("q", "").strip()
    found = [
        track
        for track in listed
        if not wanted
        or wanted.casefold()
        in f"{track.title}\n{track.artist}\n{track.album}\n{track.path}".casefold()
    ]
    page = _whole("page", 1, len(found) // TRACKS_ON_A_PAGE + 1)
    run = chosen_run()
    said = {t.track_id: t for t in tracks_said(catalog(), run.id)} if run else {}
    start = (page - 1) * TRACKS_ON_A_PAGE
    return render_template(
        "tracks.html",
        tracks=found[start : start + TRACKS_ON_A_PAGE],
        said=said,
        total=len(found),
        wanted=wanted,
        page=page,
        pages=max(1, -(-len(found) // TRACKS_ON_A_PAGE)),
        run=run,
    )


@pages.get("/tracks/<int:track_id>")
def track_page(track_id: int) -> str:
    """Show one track."""
    document = track_document(track_id)
    return render_template(
        "track.html", **document, pictures=feature_pictures(document), run=chosen_run()
    )


@pages.get("/reports")
def reports_page() -> str:
    """List the reports."""
    if not state(catalog()).tracks:
        return _empty()
    return render_template("reports.html", reports=REPORTS, runs=runs())


@pages.get("/reports/by-era")
def era_page() -> str:
    """Show one artist before and after a year."""
    return _report_page(_era(), "by-era", **_era_choice())


@pages.get("/reports/by-era.csv")
def era_csv() -> Response:
    """Send that as CSV."""
    return _csv(_era(), "by-era")


@pages.get("/reports/<name>")
def report_page(name: str) -> Any:
    """Show a report: its picture, its table."""
    if name.endswith(".csv"):
        return _csv(_table(name.removesuffix(".csv")), name.removesuffix(".csv"))
    if name.endswith(".svg"):
        return _svg(_table(name.removesuffix(".svg")))
    return _report_page(_table(name), name)


@pages.get("/pictures.css")
def pictures_css() -> Response:
    """Send the colours that all pictures share."""
    return Response(STYLE, mimetype="text/css")


def _table(name: str) -> Table:
    run = chosen_run()
    return report_named(name).make(catalog(), run.id if run else None)


def _era() -> Table:
    run = chosen_run()
    choice = _era_choice()
    return by_era(catalog(), run.id if run else None, **choice)


def _era_choice() -> dict[str, Any]:
    """Return artist and year: as asked, else the first artist with two years."""
    artist = request.args.get("artist", "")
    if not artist:
        years: dict[str, set[int]] = {}
        for track in listed_tracks(catalog()):
            if track.artist and track.year:
                years.setdefault(track.artist, set()).add(track.year)
        artist = max(years, key=lambda name: (len(years[name]), name), default="")
    usual = sorted(
        {t.year for t in listed_tracks(catalog()) if t.artist == artist and t.year}
    )
    middle = usual[(len(usual) - 1) // 2] if usual else 1988
    return {"artist": artist, "through": _whole("through", middle, _LAST_YEAR)}


def _report_page(table: Table, name: str, **choice: Any) -> str:
    artists = sorted({t.artist for t in listed_tracks(catalog()) if t.artist})
    return render_template(
        "report.html",
        table=table,
        name=name,
        picture=picture(table),
        linked=LINKED,
        choice=choice,
        artists=artists,
        run=chosen_run(),
    )


def _csv(table: Table, name: str) -> Response:
    text = as_csv(table).encode("utf-8", "replace")
    answer = Response(text, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _svg(table: Table) -> Response:
    drawn = picture(table)
    if drawn is None:
        raise NotFoundError("this report has no picture")
    # its own style sheet stands inside the file, which no page embeds
    answer = Response(standalone(drawn), mimetype="image/svg+xml")
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'"
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="report.svg"'
    return answer


def _whole(name: str, usual: int, most: int) -> int:
    given = request.args.get(name, "")
    if not given:
        return usual
    if not (given.isascii() and given.isdigit()) or not 0 < int(given[:9]) <= most:
        raise WebError(f"{name} is a whole number from 1 to {most}")
    return int(given)


def _empty() -> str:
    return render_template("empty.html")
