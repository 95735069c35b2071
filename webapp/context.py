"""What a request works with: the open catalog, the run shown, the shared parts."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from flask import current_app, g, request

from catalog.database import Catalog, open_catalog
from catalog.exceptions import CatalogError
from catalog.runs import RunFacts, load_run, load_runs
from webapp.asking import number_in
from webapp.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from classify.model import Model
    from webapp.jobs import Jobs
    from webapp.map_worker import Atlas
    from webapp.settings import ServeSettings
    from webapp.studies import Studies

STATE = "sonicat"


@dataclass
class Shared:
    """What outlives a request.

    Attributes
    ----------
    settings : ServeSettings
    atlas : Atlas
    jobs : Jobs
    studies : Studies
    answers : dict
        Answers that are dear to make, by what they depend on.
    models : dict
        Fitted models by their run's number and time: a catalog that is made anew counts
        its runs from 1 again.
    keeping, loading : Lock
        Held while `answers`, or `models`, are changed.
    """

    settings: ServeSettings
    atlas: Atlas
    jobs: Jobs
    studies: Studies
    answers: dict[Any, Any] = field(default_factory=dict)
    models: dict[tuple[int, datetime | None], Model] = field(default_factory=dict)
    keeping: threading.Lock = field(default_factory=threading.Lock)
    loading: threading.Lock = field(default_factory=threading.Lock)


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
        number = number_in(asked) if asked else shared().settings.run_id
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
