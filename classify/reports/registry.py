"""Every report by name, for whoever shows or writes them all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from catalog.database import Catalog
from catalog.runs import changes_since
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
    home : str
        The function that makes it, as ``module:name``; loaded when it is made.
    """

    name: str
    question: str
    home: str

    def make(self, catalog: Catalog, run_id: int | None = None, **choice: Any) -> Table:
        """Make the report; its last note says what has changed since the run, if any.

        Parameters
        ----------
        catalog : Catalog
        run_id : int or None
            None for the newest run.
        **choice
            The artist and the year, for a report that takes them.
        """
        module, _, name = self.home.partition(":")
        function: Any = getattr(import_module(f"classify.reports.{module}"), name)
        table: Table = function(catalog, run_id, **choice)
        run = table.source.get("run")
        changed = "" if run is None else str(changes_since(catalog, run))
        return replace(table, notes=(*table.notes, changed)) if changed else table


REPORTS: tuple[Report, ...] = (
    Report("by-album", "How well is each album recognised?", "accuracy:by_album"),
    Report("by-artist", "How well is each artist recognised?", "accuracy:by_artist"),
    Report("confusion", "What is taken for what?", "mistakes:confusion"),
    Report("by-section", "Where in a track is it heard?", "accuracy:by_section"),
    Report("hardest", "What is most confidently wrong?", "mistakes:hardest"),
    Report("models", "Which model does best, beyond chance?", "models:models"),
    Report("calibration", "Do probabilities come true?", "calibration:calibration"),
    Report("unknown", "What of artists it never learned?", "calibration:unknown"),
    Report("by-codec", "How are the files coded? Does it matter?", "library:codecs"),
    Report("cost", "What did the analyses cost?", "library:cost"),
    Report("failures", "Which files could not be read?", "library:unreadable_files"),
)
"""From stored predictions, at once."""

STUDIES: tuple[Report, ...] = (
    Report(
        "codecs",
        "What does re-encoding do to the models? Needs `scan --variants`.",
        "codecs:label_flips",
    ),
    Report(
        "drift",
        "How far does re-encoding move each feature? Needs `scan --variants`.",
        "codecs:feature_drift",
    ),
    Report(
        "confounds",
        "What do codec, bandwidth and loudness give away without the music?",
        "confounds:confounds",
    ),
    Report(
        "features", "Which features carry it? Trains for a minute.", "features:features"
    ),
    Report(
        "learning-curve",
        "Would more albums help? Trains for a minute.",
        "learning_curve:learning_curve",
    ),
)
"""From models that are trained again, with the settings of the run."""

OF_AN_ARTIST: tuple[Report, ...] = (
    Report("by-era", "One artist through a year, and after it.", "eras:by_era"),
    Report(
        "across-eras",
        "Learn one era, judge the other; are they told apart? Trains for a minute.",
        "across_eras:across_eras",
    ),
)
"""These take an artist and a year, too."""

QUICK_OF_AN_ARTIST = "by-era"
"""The one of them that trains nothing."""
