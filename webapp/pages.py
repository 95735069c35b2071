"""HTML routes: the map, tracks, reports and the upload form."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from catalog.browse import listed_tracks, state
from catalog.predictions import track_predictions
from classify.reports.charts.choose import picture
from classify.reports.charts.svg import STYLE, standalone
from classify.reports.table import Table, as_csv
from webapp.context import catalog, chosen_run, matching_tracks, runs, shared, whole
from webapp.errors import NotFoundError
from webapp.reports import (
    EVERY,
    find_report,
    is_trained,
    made,
    report_arguments,
    report_job,
)
from webapp.track import feature_pictures, track_document

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
    if not state(catalog()).tracks:
        return _empty()
    found = matching_tracks(catalog())
    page = whole("page", 1, len(found) // TRACKS_ON_A_PAGE + 1)
    run = chosen_run()
    said = {t.track_id: t for t in track_predictions(catalog(), run.id)} if run else {}
    start = (page - 1) * TRACKS_ON_A_PAGE
    return render_template(
        "tracks.html",
        tracks=found[start : start + TRACKS_ON_A_PAGE],
        said=said,
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
        "track.html", **document, pictures=feature_pictures(document), run=chosen_run()
    )


@pages.get("/reports")
def reports_page() -> str:
    """List the reports."""
    if not state(catalog()).tracks:
        return _empty()
    return render_template("reports.html", reports=EVERY, runs=runs())


@pages.get("/reports/<name>")
def report_page(name: str) -> Any:
    """Show a report: its picture, its table."""
    stem, dot, form = name.partition(".")
    if dot:
        return _file(stem, form)
    report = find_report(name)
    choice = report_arguments(report)
    study = report_job(report, choice) if is_trained(report) else None
    ready = not is_trained(report) or (study is not None and study.table is not None)
    table = made(name) if ready else None
    return render_template(
        "report.html",
        report=report,
        reports=EVERY,
        table=table,
        study=study,
        picture=picture(table) if table else None,
        linked=LINKED,
        choice=choice,
        artists=sorted({t.artist for t in listed_tracks(catalog()) if t.artist}),
        run=chosen_run(),
    )


@pages.get("/pictures.css")
def pictures_css() -> Response:
    """Send the colours that all pictures share."""
    return Response(STYLE, mimetype="text/css")


def _file(name: str, form: str) -> Response:
    """Send a report as a file."""
    if form == "csv":
        return _csv(made(name), name)
    if form == "svg":
        return _svg(made(name))
    raise NotFoundError("a report comes as .csv or .svg")


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


def _empty() -> str:
    return render_template("empty.html")
