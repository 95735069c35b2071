"""Reports of a request: the chosen run, artist and year, background jobs."""

from __future__ import annotations

from typing import Any

from flask import request

from catalog.browse import listed_tracks
from classify.reports.registry import (
    ARTIST_REPORTS,
    QUICK_ARTIST_REPORT,
    REPORTS,
    TRAINING_REPORTS,
    Report,
)
from classify.reports.table import Table
from classify.runs import select_run
from webapp.context import catalog, chosen_run, integer_argument, shared
from webapp.errors import NotFoundError, NotReadyError
from webapp.filters import printable
from webapp.jobs import ReportJob

ALL_REPORTS: tuple[Report, ...] = (*REPORTS, *ARTIST_REPORTS, *TRAINING_REPORTS)
LAST_YEAR = 9999


def find_report(name: str) -> Report:
    """Return a report by its name.

    Raises
    ------
    NotFoundError
        There is none of this name.
    """
    for report in ALL_REPORTS:
        if report.name == name:
            return report
    raise NotFoundError("there is no such report")


def is_training_report(report: Report) -> bool:
    """Return whether a report trains models, and so is made on request only."""
    return report in TRAINING_REPORTS or (
        report in ARTIST_REPORTS and report.name != QUICK_ARTIST_REPORT
    )


def artist_choice(report: Report) -> dict[str, Any]:
    """Return the artist and the year that the reader chose, where a report takes them.

    Without a choice it is the artist with the most years, cut in their middle.
    """
    if report not in ARTIST_REPORTS:
        return {}
    years: dict[str, set[int]] = {}
    for track in listed_tracks(catalog()):
        if track.artist and track.year:
            years.setdefault(track.artist, set()).add(track.year)
    widest = max(years, key=lambda name: (len(years[name]), name), default="")
    artist = request.args.get("artist", "") or widest
    known = sorted(years.get(artist, ()))
    middle = known[(len(known) - 1) // 2] if known else 1
    return {"artist": artist, "through": integer_argument("through", middle, LAST_YEAR)}


def make_table(name: str) -> Table:
    """Return a report's table as the request asks for it.

    Raises
    ------
    NotReadyError
        It trains models and was not begun, is being made, or could not be made.
    """
    report = find_report(name)
    choice = artist_choice(report)
    if not is_training_report(report):
        run = chosen_run()
        return report.make(catalog(), run.id if run else None, **choice)
    report_job = find_report_job(report, choice)
    if report_job is None:
        raise NotReadyError(f"it trains models: begin it with POST /api/reports/{name}")
    if report_job.table is None:
        raise NotReadyError(
            report_job.error or "it is being made; ask again in a moment"
        )
    return report_job.table


def find_report_job(report: Report, choice: dict[str, Any]) -> ReportJob | None:
    """Return a study if it was begun.

    Raises
    ------
    NothingToReportError
        There is no run to study.
    """
    run = select_run(catalog(), _run_id())
    return shared().report_jobs.find(report, run, choice)


def start_report(report: Report, choice: dict[str, Any]) -> ReportJob:
    """Begin a study of the run that the reader chose."""
    run = select_run(catalog(), _run_id())
    return shared().report_jobs.begin(report, run, choice)


def _run_id() -> int | None:
    run = chosen_run()
    return run.id if run else None


def table_document(table: Table) -> dict[str, Any]:
    """Return a table as JSON: rows by column, with its notes and its run."""
    names = [column.name for column in table.columns]
    return {
        "title": table.title,
        "source": table.source,
        "rows": [_row(names, row) for row in table.rows],
        "total": None if table.total is None else _row(names, table.total),
        "notes": list(table.notes),
    }


def _row(names: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in zip(names, row, strict=True)
    }
