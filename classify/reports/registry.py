"""Registry of all reports by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

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
    function : str
        The function that makes it, as ``module:name``; loaded when it is made.
    """

    name: str
    question: str
    function: str

    @property
    def make(self) -> Callable[..., Table]:
        """The function of (catalog, run id or None) that makes the report."""
        module, _, name = self.function.partition(":")
        make: Callable[..., Table] = getattr(
            import_module(f"classify.reports.{module}"), name
        )
        return make


REPORTS: tuple[Report, ...] = (
    Report(
        "by-album", "How well is each album recognised?", "accuracy:accuracy_by_album"
    ),
    Report(
        "by-artist",
        "How well is each artist recognised?",
        "accuracy:accuracy_by_artist",
    ),
    Report("confusion", "What is taken for what?", "mistakes:confusion_matrix"),
    Report(
        "by-section", "Where in a track is it heard?", "accuracy:accuracy_by_section"
    ),
    Report("hardest", "What is most confidently wrong?", "mistakes:hardest_tracks"),
    Report(
        "models", "Which model does best, beyond chance?", "models:model_comparison"
    ),
    Report(
        "calibration", "Do probabilities come true?", "calibration:reliability_table"
    ),
    Report(
        "unknown", "What of artists it never learned?", "calibration:unknown_rejection"
    ),
    Report(
        "by-codec",
        "How are the files coded? Does it matter?",
        "library:accuracy_by_codec",
    ),
    Report("cost", "What did the analyses cost?", "library:analysis_costs"),
    Report("failures", "Which files could not be read?", "library:failed_files"),
)
"""From stored predictions, at once."""

TRAINING_REPORTS: tuple[Report, ...] = (
    Report(
        "codecs",
        "What does re-encoding do to the models? Needs `scan --variants`.",
        "codecs:codec_flips",
    ),
    Report(
        "drift",
        "How far does re-encoding move each feature? Needs `scan --variants`.",
        "codecs:feature_drift",
    ),
    Report(
        "confounds",
        "What do codec, bandwidth and loudness give away without the music?",
        "confounds:confound_accuracy",
    ),
    Report(
        "features",
        "Which features carry it? Trains for a minute.",
        "features:feature_importance",
    ),
    Report(
        "learning-curve",
        "Would more albums help? Trains for a minute.",
        "learning_curve:learning_curve",
    ),
)
"""From models that are trained again, with the settings of the run."""

ARTIST_REPORTS: tuple[Report, ...] = (
    Report(
        "by-era", "One artist through a year, and after it.", "eras:accuracy_by_era"
    ),
    Report(
        "across-eras",
        "Learn one era, judge the other; are they told apart? Trains for a minute.",
        "eras:era_transfer",
    ),
)
"""These take an artist and a year, too."""

QUICK_ARTIST_REPORT = "by-era"
"""The one of them that trains nothing."""
