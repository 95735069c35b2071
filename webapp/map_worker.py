"""Background worker that draws the map of each level and keeps it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from catalog.browse import State, state
from catalog.database import Catalog
from catalog.datasets import load_library
from catalog.exceptions import CatalogError
from catalog.maps import Level, load_map, store_map
from catalog.schema import open_catalog
from classify.map.map import draw_map
from webapp.map import (
    Chart,
    MapRows,
    chart_to_store,
    extend_chart,
    new_chart,
    select_rows,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the drawing is, in [0, 1], or why there is nothing to draw."""

    share: float
    error: str | None = None


class MapWorker:
    """Hands out the current chart of each level, and draws it when it must.

    Parameters
    ----------
    url : str or None
        Of the catalog.
    seed : int
    on_progress : callable
        Called with (level, share done) while a map is drawn.
    """

    def __init__(
        self,
        url: str | None,
        *,
        seed: int = 0,
        on_progress: Callable[[Level, float], None] = lambda _level, _share: None,
    ) -> None:
        self._url = url
        self._seed = seed
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._charts: dict[Level, tuple[State, Chart | None]] = {}
        self._progress: dict[Level, Progress] = {}
        self._threads: dict[Level, threading.Thread] = {}

    def get_chart(self, catalog: Catalog, level: Level = "tracks") -> Chart | Progress:
        """Return the chart of a level, or how far its drawing is.

        A chart that a scan has outdated is handed out until the new one is there.
        """
        now = state(catalog)
        with self._lock:
            known = self._charts.get(level)
            if known is None or known[0] != now:
                self._start(level, now)
            if known is not None and known[1] is not None:
                return known[1]
            return self._progress.get(level, Progress(0.0))

    def wait(self, level: Level = "tracks") -> None:
        """Return when nothing of this level is being drawn."""
        with self._lock:
            thread = self._threads.get(level)
        if thread is not None:
            thread.join()

    def _start(self, level: Level, now: State) -> None:
        thread = self._threads.get(level)
        if thread is not None and thread.is_alive():
            return
        self._progress[level] = Progress(0.0)
        thread = threading.Thread(
            target=self._make, args=(level, now), name=f"map-{level}", daemon=True
        )
        self._threads[level] = thread
        thread.start()

    def _make(self, level: Level, now: State) -> None:
        chart: Chart | None = None
        try:
            chart = self._chart(level)
            error = None if chart else "no track has been analysed yet"
        except CatalogError as caught:
            chart, error = self._outdated(level), str(caught)
        except Exception:
            log.exception("the map could not be drawn")
            chart = self._outdated(level)
            error = "the map could not be drawn; the server's log says why"
        with self._lock:
            self._charts[level] = (now, chart)
            self._progress[level] = Progress(1.0, error)

    def _outdated(self, level: Level) -> Chart | None:
        """Return the chart that a new one was to replace: better than none."""
        with self._lock:
            return self._charts[level][1] if level in self._charts else None

    def _chart(self, level: Level) -> Chart | None:
        with open_catalog(self._url, mode="read") as catalog:
            library = load_library(catalog)
            if library is None:
                return None
            rows = select_rows(library, level)
            stored = load_map(catalog, library.feature_set_id, level, self._seed)
        if not len(rows.X):
            return None
        kept = None if stored is None else extend_chart(rows, stored)
        return kept or self._draw(rows, level)

    def _draw(self, rows: MapRows, level: Level) -> Chart:
        def report(share: float) -> None:
            with self._lock:
                self._progress[level] = Progress(share)
            self._on_progress(level, share)

        chart = new_chart(rows, draw_map(rows.X, seed=self._seed, on_progress=report))
        try:
            with open_catalog(self._url) as catalog:
                store_map(catalog, chart_to_store(chart, self._seed))
        except CatalogError as error:
            log.warning("the map is kept in memory only: %s", error)
        return chart
