"""Decision trees and their ensembles."""

from __future__ import annotations

from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from classify.estimators.base import Recipe, Setting


def _decision_tree(setting: Setting, seed: int) -> Pipeline:
    tree = DecisionTreeClassifier(
        min_samples_leaf=setting["min_samples_leaf"], random_state=seed
    )
    return Pipeline([("model", tree)])


def _random_forest(setting: Setting, seed: int) -> Pipeline:
    forest = RandomForestClassifier(
        n_estimators=150,
        min_samples_leaf=setting["min_samples_leaf"],
        random_state=seed,
    )
    return Pipeline([("model", forest)])


def _bagging(setting: Setting, seed: int) -> Pipeline:
    trees = BaggingClassifier(
        DecisionTreeClassifier(min_samples_leaf=setting["min_samples_leaf"]),
        n_estimators=40,
        max_samples=0.3,
        max_features=0.5,
        random_state=seed,
    )
    return Pipeline([("model", trees)])


def _gradient_boosting(setting: Setting, seed: int) -> Pipeline:
    boosting = HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=setting["max_leaf_nodes"],
        min_samples_leaf=20,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )
    return Pipeline([("model", boosting)])


DECISION_TREE = Recipe(
    "decision-tree",
    _decision_tree,
    tuple({"min_samples_leaf": n} for n in (5, 20, 60)),
)
RANDOM_FOREST = Recipe(
    "random-forest", _random_forest, tuple({"min_samples_leaf": n} for n in (2, 8))
)
BAGGING = Recipe("bagging", _bagging, tuple({"min_samples_leaf": n} for n in (2, 8)))
GRADIENT_BOOSTING = Recipe(
    "gradient-boosting",
    _gradient_boosting,
    tuple({"max_leaf_nodes": n} for n in (4, 12)),
)
