"""HTML pages for people: map, tracks, reports."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from catalog.browse import listed_tracks, state
from catalog.predictions import track_predictions
from classify.reports.charts.choose import draw_table
from classify.reports.charts.svg import STYLE, standalone_svg
from classify.reports.table import Table, format_csv
from webapp.context import (
    catalog,
    chosen_run,
    integer_argument,
    matching_tracks,
    runs,
    shared,
)
from webapp.errors import NotFoundError
from webapp.reports import (
    ALL_REPORTS,
    artist_choice,
    find_report,
    find_report_job,
    is_training_report,
    make_table,
)
from webapp.track import draw_features, track_document

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


@pages.get("/")
def map_page() -> str:
    """Show the map."""
    now = state(catalog())
    if not now.tracks:
        return _empty_page()
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
    if not state(catalog()).tracks:
        return _empty_page()
    found = matching_tracks(catalog())
    page = integer_argument("page", 1, len(found) // TRACKS_ON_A_PAGE + 1)
    run = chosen_run()
    predictions = (
        {t.track_id: t for t in track_predictions(catalog(), run.id)} if run else {}
    )
    start = (page - 1) * TRACKS_ON_A_PAGE
    return render_template(
        "tracks.html",
        tracks=found[start : start + TRACKS_ON_A_PAGE],
        predictions=predictions,
        total=len(found),
        wanted=request.args.get("q", "").strip(),
        page=page,
        pages=max(1, -(-len(found) // TRACKS_ON_A_PAGE)),
        run=run,
    )


@pages.get("/tracks/<int:track_id>")
def track_page(track_id: int) -> str:
    """Show one track."""
    document = track_document(track_id)
    return render_template(
        "track.html", **document, pictures=draw_features(document), run=chosen_run()
    )


@pages.get("/reports")
def reports_page() -> str:
    """List the reports."""
    if not state(catalog()).tracks:
        return _empty_page()
    return render_template("reports.html", reports=ALL_REPORTS, runs=runs())


@pages.get("/reports/<name>")
def report_page(name: str) -> Any:
    """Show a report: its picture, its table."""
    stem, dot, form = name.partition(".")
    if dot:
        return _send_file(stem, form)
    report = find_report(name)
    choice = artist_choice(report)
    report_job = find_report_job(report, choice) if is_training_report(report) else None
    ready = not is_training_report(report) or (
        report_job is not None and report_job.table is not None
    )
    table = make_table(name) if ready else None
    return render_template(
        "report.html",
        report=report,
        reports=ALL_REPORTS,
        table=table,
        report_job=report_job,
        picture=draw_table(table) if table else None,
        linked=LINKED,
        choice=choice,
        artists=sorted({t.artist for t in listed_tracks(catalog()) if t.artist}),
        run=chosen_run(),
    )


@pages.get("/pictures.css")
def pictures_css() -> Response:
    """Send the colours that all pictures share."""
    return Response(STYLE, mimetype="text/css")


def _send_file(name: str, form: str) -> Response:
    """Send a report as a file."""
    if form == "csv":
        return _send_csv(make_table(name), name)
    if form == "svg":
        return _send_svg(make_table(name))
    raise NotFoundError("a report comes as .csv or .svg")


def _send_csv(table: Table, name: str) -> Response:
    text = format_csv(table).encode("utf-8", "replace")
    answer = Response(text, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _send_svg(table: Table) -> Response:
    drawn = draw_table(table)
    if drawn is None:
        raise NotFoundError("this report has no picture")
    # its own style sheet stands inside the file, which no page embeds
    answer = Response(standalone_svg(drawn), mimetype="image/svg+xml")
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'"
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="report.svg"'
    return answer


def _empty_page() -> str:
    return render_template("empty.html")
