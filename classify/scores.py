"""The figures of a judged model, as they are stored with its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from classify.calibration import brier_score, calibration_error, reliability
from classify.metrics import album_interval, balanced_accuracy, macro_f1
from classify.novelty import novelty

if TYPE_CHECKING:
    from classify.arrays import Problem
    from classify.evaluate import Evaluation


def scores(
    problem: Problem,
    evaluation: Evaluation,
    *,
    seed: int,
    unknown_below: float | None = None,
) -> dict[str, Any]:
    """Return the figures of a model.

    Without `unknown_below` a threshold is set by leaving out each label in turn.

    All but ``flattering`` are over held-out albums; all but ``window_accuracy`` and
    ``flattering`` are over tracks.
    """
    y, p = problem.y, evaluation.tracks
    predicted = p.argmax(axis=1)
    interval = album_interval(predicted == y, problem.groups, seed=seed)
    of_windows = y[problem.rows.track]
    flattering = None
    if evaluation.flattering is not None:
        flattering = float((evaluation.flattering.argmax(axis=1) == of_windows).mean())
    outsiders = novelty(evaluation.outsiders, p, y, problem.labels, given=unknown_below)
    return {
        "tracks": len(y),
        "albums": len(np.unique(problem.groups)),
        "windows": len(problem.rows.X),
        "labels": len(problem.labels),
        "accuracy": float((predicted == y).mean()),
        "interval": None if interval is None else list(interval),
        "balanced_accuracy": balanced_accuracy(y, predicted),
        "macro_f1": macro_f1(y, predicted),
        "brier": brier_score(p, y),
        "calibration_error": calibration_error(p, y),
        "reliability": [list(row) for row in reliability(p, y)],
        "window_accuracy": float(
            (evaluation.windows.argmax(axis=1) == of_windows).mean()
        ),
        "flattering": flattering,
        "unknown": None if outsiders is None else outsiders.as_metrics(),
        "fit_cpu_s": sum(o.fit_s for o in evaluation.outcomes),
        "predict_cpu_s": sum(o.predict_s for o in evaluation.outcomes),
    }


def majority_baseline(problem: Problem) -> float:
    """Return the share of the most frequent label: the best that one answer can do.

    The model ``majority`` must find that label on the training side of each fold, from
    which the albums in question are missing, and so can only do worse.
    """
    return float(np.bincount(problem.y).max() / len(problem.y))
