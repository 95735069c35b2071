"""What a training says of itself is true of the figures that it stands beside."""

from __future__ import annotations

import numpy as np

from catalog.runs import RunFacts
from classify.selection import Selection
from classify.training import TrainingResult
from sonicat.summary import summary_lines

METRICS = {
    "tracks": 30,
    "albums": 6,
    "labels": 2,
    "windows": 90,
    "accuracy": 0.9,
    "interval": [0.7, 1.0],
    "balanced_accuracy": 0.9,
    "macro_f1": 0.9,
    "flattering": 0.95,
    "unknown": None,
}
CONFOUNDS = {
    "accuracy": 0.5,
    "balanced_accuracy": 0.5,
    "strongest": [],
    "together": 0.0,
    "labels": 2,
}


def printed(*, threshold=None, rest=0, **changes):
    run = RunFacts(
        label_kind="artist",
        model="logistic",
        seed=0,
        feature_set_id=1,
        dataset_hash="",
        labels=("a", "b"),
        parameters={"steadied": {}, "notes": [], "unknown_below": threshold},
        versions={},
        metrics={**METRICS, **changes},
        id=7,
    )
    none = np.zeros(0, np.intp)
    chosen = Selection(("a", "b"), ("a", "b"), none, none, "album", none > 0, {}, ())
    result = TrainingResult((run,), chosen, 0, rest, 0.5, confounds=CONFOUNDS)
    return "\n".join(summary_lines(result, None, 100))


def test_a_careless_split_is_called_higher_only_where_it_is():
    assert "0.95: higher" in printed()
    text = printed(flattering=0.85)
    assert "0.85" in text
    assert "higher" not in text


def test_tracks_without_a_label_are_not_said_to_be_unknown_without_a_threshold():
    assert "never says unknown" in printed(rest=3)
    assert "below the threshold" in printed(rest=3, threshold=0.8)
    assert "further tracks" not in printed()
