"""Every report by name, for whoever shows or writes them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classify.reports.by_album import by_album
from classify.reports.by_artist import by_artist
from classify.reports.confusion import confusion
from classify.reports.library import codecs, cost, unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.session import Catalog
    from classify.reports.table import Table


@dataclass(frozen=True, slots=True)
class Report:
    """A report that needs nothing but a catalog and perhaps a run.

    Attributes
    ----------
    name : str
        As `report --NAME` takes it.
    question : str
        What it answers, for a list of reports.
    make : callable of (catalog, run id or None)
    """

    name: str
    question: str
    make: Callable[[Catalog, int | None], Table]


REPORTS: tuple[Report, ...] = (
    Report("by-album", "How well is each album recognised?", by_album),
    Report("by-artist", "How well is each artist recognised?", by_artist),
    Report("confusion", "What is taken for what?", confusion),
    Report("codecs", "How are the files coded, and does it matter?", codecs),
    Report("cost", "What did the analyses cost?", cost),
    Report("failures", "Which files could not be read?", unread),
)
