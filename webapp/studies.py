"""Reports that train models anew: begun by a reader, made in the background, kept."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.database import open_catalog
from catalog.exceptions import CatalogError
from classify.exceptions import ClassifyError
from webapp.errors import BusyError

if TYPE_CHECKING:
    from catalog.runs import RunFacts
    from classify.reports.registry import Report
    from classify.reports.table import Table

log = logging.getLogger(__name__)


@dataclass
class Study:
    """One report on its way: its table when it is done, or why there is none."""

    table: Table | None = None
    error: str | None = None

    @property
    def under_way(self) -> bool:
        """Whether it is still being made."""
        return self.table is None and self.error is None


class Studies:
    """Makes one study at a time and remembers each by what it was asked."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._known: dict[Any, Study] = {}

    def find(
        self, report: Report, run: RunFacts, choice: dict[str, Any]
    ) -> Study | None:
        """Return a study that was begun; None where it was not."""
        with self._lock:
            return self._known.get(_key(report, run, choice))

    def begin(self, report: Report, run: RunFacts, choice: dict[str, Any]) -> Study:
        """Begin a study unless it was begun before and did not fail.

        Raises
        ------
        BusyError
            Another one is being made.
        """
        key = _key(report, run, choice)
        with self._lock:
            known = self._known.get(key)
            if known is not None and known.error is None:
                return known
            if any(study.under_way for study in self._known.values()):
                raise BusyError("another report is being made; try again in a minute")
            study = self._known[key] = Study()
        threading.Thread(
            target=self._make, args=(study, report, run.id, choice), daemon=True
        ).start()
        return study

    def _make(
        self, study: Study, report: Report, run_id: int, choice: dict[str, Any]
    ) -> None:
        try:
            with open_catalog(self._url, mode="read") as catalog:
                study.table = report.make(catalog, run_id, **choice)
        except (ClassifyError, CatalogError) as error:
            study.error = str(error)
        except Exception:
            log.exception("the report %s could not be made", report.name)
            study.error = "it could not be made; the server's log says why"


def _key(report: Report, run: RunFacts, choice: dict[str, Any]) -> tuple[Any, ...]:
    # a catalog made anew counts its runs from 1 again
    return report.name, run.id, run.created_at, tuple(sorted(choice.items()))
