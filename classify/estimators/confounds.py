"""The other yardstick: what one scores from the files, without their music."""

from __future__ import annotations

from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from classify.models.base import Recipe, Setting


def _confounds(setting: Setting, seed: int) -> Pipeline:
    forest = RandomForestClassifier(
        n_estimators=60,
        min_samples_leaf=setting["min_samples_leaf"],
        max_features=0.4,
        random_state=seed,
    )
    return Pipeline([("model", forest)])


CONFOUNDS = Recipe("confounds", _confounds, ({"min_samples_leaf": 2},))
"""A forest: facts are categories and numbers, some unknown, some of them alike."""
