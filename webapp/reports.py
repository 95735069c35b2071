"""Reports on the page: the same tables as the commands', with their pictures."""

from __future__ import annotations

from typing import Any

from flask import request

from catalog.browse import listed_tracks
from classify.reports.registry import (
    OF_AN_ARTIST,
    QUICK_OF_AN_ARTIST,
    REPORTS,
    STUDIES,
    Report,
)
from classify.reports.table import Table
from classify.stored_runs import select_run as run_or_reason
from webapp.context import catalog, chosen_run, shared, whole
from webapp.errors import NotFoundError, NotReadyError
from webapp.filters import printable
from webapp.jobs import Study

EVERY: tuple[Report, ...] = (*REPORTS, *OF_AN_ARTIST, *STUDIES)
LAST_YEAR = 9999


def find_report(name: str) -> Report:
    """Return a report by its name.

    Raises
    ------
    NotFoundError
        There is none of this name.
    """
    for report in EVERY:
        if report.name == name:
            return report
    raise NotFoundError("there is no such report")


def is_trained(report: Report) -> bool:
    """Return whether a report trains models, and so is made on request only."""
    return report in STUDIES or (
        report in OF_AN_ARTIST and report.name != QUICK_OF_AN_ARTIST
    )


def report_arguments(report: Report) -> dict[str, Any]:
    """Return the artist and the year that the reader chose, where a report takes them.

    Without a choice it is the artist with the most years, cut in their middle.
    """
    if report not in OF_AN_ARTIST:
        return {}
    years: dict[str, set[int]] = {}
    for track in listed_tracks(catalog()):
        if track.artist and track.year:
            years.setdefault(track.artist, set()).add(track.year)
    widest = max(years, key=lambda name: (len(years[name]), name), default="")
    artist = request.args.get("artist", "") or widest
    known = sorted(years.get(artist, ()))
    middle = known[(len(known) - 1) // 2] if known else 1
    return {"artist": artist, "through": whole("through", middle, LAST_YEAR)}


def made(name: str) -> Table:
    """Return a report's table as the request asks for it.

    Raises
    ------
    NotReadyError
        It trains models and was not begun, is being made, or could not be made.
    """
    report = find_report(name)
    choice = report_arguments(report)
    if not is_trained(report):
        run = chosen_run()
        return report.make(catalog(), run.id if run else None, **choice)
    study = report_job(report, choice)
    if study is None:
        raise NotReadyError(f"it trains models: begin it with POST /api/reports/{name}")
    if study.table is None:
        raise NotReadyError(study.error or "it is being made; ask again in a moment")
    return study.table


def report_job(report: Report, choice: dict[str, Any]) -> Study | None:
    """Return a study if it was begun.

    Raises
    ------
    NothingToReportError
        There is no run to study.
    """
    run = run_or_reason(catalog(), _run_id())
    return shared().studies.find(report, run, choice)


def begin_report_job(report: Report, choice: dict[str, Any]) -> Study:
    """Begin a study of the run that the reader chose."""
    run = run_or_reason(catalog(), _run_id())
    return shared().studies.begin(report, run, choice)


def _run_id() -> int | None:
    run = chosen_run()
    return run.id if run else None


def table_as_json(table: Table) -> dict[str, Any]:
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
