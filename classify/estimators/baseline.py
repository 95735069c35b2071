"""The yardstick: what one scores without listening."""

from __future__ import annotations

from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from classify.models.base import Recipe, Setting


def _majority(setting: Setting, seed: int) -> Pipeline:  # noqa: ARG001
    return Pipeline([("model", DummyClassifier(strategy="prior"))])


MAJORITY = Recipe("majority", _majority, reads="tracks", weighted=False)
