"""Context of a request: the open catalog, the chosen run, the shared state."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask import current_app, g, request

from catalog.browse import ListedTrack, listed_tracks
from catalog.database import Catalog
from catalog.exceptions import CatalogError
from catalog.runs import RunFacts, load_run, load_runs
from catalog.schema import open_catalog
from classify.predict import Predictor
from webapp.errors import NotFoundError, WebError
from webapp.jobs import Jobs, ReportJobs
from webapp.map_worker import MapWorker
from webapp.settings import ServeSettings

STATE = "sonicat"


@dataclass
class Shared:
    """What outlives a request.

    Attributes
    ----------
    settings : ServeSettings
    map_worker : MapWorker
    jobs : Jobs
    report_jobs : ReportJobs
    answers : dict
        Answers that are dear to make, by what they depend on.
    models : dict
        Fitted models by their run's number and time: a catalog that is made anew counts
        its runs from 1 again.
    answers_lock, models_lock : Lock
        Held while `answers`, or `models`, are changed.
    """

    settings: ServeSettings
    map_worker: MapWorker
    jobs: Jobs
    report_jobs: ReportJobs
    answers: dict[Any, Any] = field(default_factory=dict)
    models: dict[tuple[int, datetime | None], Predictor] = field(default_factory=dict)
    answers_lock: threading.Lock = field(default_factory=threading.Lock)
    models_lock: threading.Lock = field(default_factory=threading.Lock)


def shared() -> Shared:
    """Return what outlives this request."""
    return cast("Shared", current_app.extensions[STATE])


def catalog() -> Catalog:
    """Return the catalog, opened for reading at the request's first question."""
    if "catalog" not in g:
        g.catalog = open_catalog(shared().settings.catalog_url, mode="read")
    return cast("Catalog", g.catalog)


def close_catalog(_error: BaseException | None = None) -> None:
    """Close the request's catalog, if it was opened."""
    opened = g.pop("catalog", None)
    if opened is not None:
        opened.close()


def chosen_run() -> RunFacts | None:
    """Return the run that the reader chose, else the server's, else the newest.

    Raises
    ------
    NotFoundError
        The reader asks for a run that does not exist.
    """
    if "run" not in g:
        asked = request.args.get("run", "")
        number = parse_number(asked) if asked else shared().settings.run_id
        if asked and number is None:
            raise NotFoundError("a run is named by its number")
        g.run = (
            load_run(catalog(), number) if number is None or number < 2**31 else None
        )
        if g.run is None and number is not None:
            raise NotFoundError(f"there is no run {number}")
    return cast("RunFacts | None", g.run)


def runs() -> list[RunFacts]:
    """Return all runs, the newest first; none where there is no catalog."""
    try:
        return load_runs(catalog())[::-1]
    except CatalogError:
        return []


_MOST_FIGURES = 12


def parse_number(text: str) -> int | None:
    """Return the number that plain figures say, None for anything else.

    >>> parse_number("007"), parse_number("²"), parse_number("9" * 5000)
    (7, None, None)
    """
    if not (text.isascii() and text.isdigit()):
        return None
    figures = text.lstrip("0") or "0"
    return int(figures) if len(figures) <= _MOST_FIGURES else None


def integer_argument(name: str, default: int, highest: int, *, lowest: int = 1) -> int:
    """Return a whole number of the request's address.

    Raises
    ------
    WebError
        It is none, or lies outside.
    """
    given = request.args.get(name, "")
    if not given:
        return default
    number = parse_number(given)
    if number is None or not lowest <= number <= highest:
        raise WebError(f"{name} is a whole number from {lowest} to {highest}")
    return number


def matching_tracks(catalog: Catalog) -> list[ListedTrack]:
    """Return the tracks whose title, artist, album or path holds the request's text."""
    wanted = request.args.get("q", "").strip().casefold()
    listed = listed_tracks(catalog)
    return (
        [one for one in listed if wanted in _searchable_text(one)] if wanted else listed
    )


def _searchable_text(track: ListedTrack) -> str:
    parts = (track.title, track.artist, track.album, track.path)
    return "\n".join(part for part in parts if part).casefold()
