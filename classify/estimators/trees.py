"""Decision trees and their ensembles."""

from __future__ import annotations

from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from classify.estimators.base import Recipe, Setting


def _random_forest(setting: Setting, seed: int) -> Pipeline:
    forest = RandomForestClassifier(
        n_estimators=150,
        min_samples_leaf=setting["min_samples_leaf"],
        random_state=seed,
    )
    return Pipeline([("model", forest)])


RANDOM_FOREST = Recipe(
    "random-forest",
    _random_forest,
    (
        {"min_samples_leaf": 2},
        {"min_samples_leaf": 8},
    ),
)
