"""The names of all models, and the model spec behind each."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from classify.exceptions import MissingExtraError, UnknownModelError

if TYPE_CHECKING:  # loads scikit-learn: not for --help
    from classify.models.base import ModelSpec

_SPECS = {
    "hierarchical": ("albums", "HIERARCHICAL"),
    "cosine": ("albums", "COSINE"),
    "majority": ("linear", "MAJORITY"),
    "decision-tree": ("trees", "DECISION_TREE"),
    "random-forest": ("trees", "RANDOM_FOREST"),
    "bagging": ("trees", "BAGGING"),
    "svm-rbf": ("svm", "SVM_RBF"),
    "logistic": ("linear", "LOGISTIC"),
    "sgd": ("linear", "SGD"),
    "gradient-boosting": ("trees", "GRADIENT_BOOSTING"),
    "gaussian-nb": ("neighbors", "GAUSSIAN_NB"),
    "knn": ("neighbors", "KNN"),
    "track-logistic": ("linear", "TRACK_LOGISTIC"),
    "track-svm": ("svm", "TRACK_SVM"),
    "chroma-pca-rf": ("trees", "CHROMA_PCA_RF"),
    "mel-pca-rf": ("trees", "MEL_PCA_RF"),
    "rnn": ("rnn", "RNN"),
}
_LARGE = {
    "knn": ("neighbors", "KNN_LARGE"),
    "svm-rbf": ("svm", "SVM_RBF_LARGE"),
    "track-svm": ("svm", "TRACK_SVM_LARGE"),
}
_MANY = {
    "svm-rbf": ("svm", "SVM_RBF_MANY"),
    "track-svm": ("svm", "TRACK_SVM_MANY"),
}
_SLICED = frozenset({"chroma-pca-rf", "mel-pca-rf", "rnn"})

LARGE = 6000
"""With more windows than this, models that cost their square are replaced."""

MANY = 40
"""With more labels than this, those that compare every pair of them are."""

ALBUM_MODELS = ("hierarchical", "cosine")
"""These learn from the albums of labels, and are judged with each album left out."""

VOTING = "voting"
VOTERS = ("svm-rbf", "logistic", "track-logistic", "track-svm")
"""The members that `voting` weighs: windows and whole tracks, linear and kernel.

No forest: it takes several times as long as these four together."""

NAMES = (*_SPECS, VOTING)
"""Every model, in the order in which tables show them."""


def model_spec(name: str, n_windows: int = 0, n_labels: int = 0) -> ModelSpec:
    """Return the model spec called `name`, as fits a number of windows and labels.

    Raises
    ------
    UnknownModelError
        There is none; the message names all.
    """
    if name not in _SPECS:
        raise UnknownModelError(_unknown(name))
    specs = {**_SPECS, **_LARGE} if n_windows > LARGE else _SPECS
    if n_labels > MANY:
        specs = {**specs, **_MANY}
    module, constant = specs[name]
    family = import_module(f"classify.models.{module}")  # scikit-learn, torch
    return cast("ModelSpec", getattr(family, constant))


def select_models(names: Iterable[str]) -> tuple[str, ...]:
    """Return the models that `names` ask for, each once; ``all`` means every one.

    Raises
    ------
    UnknownModelError
        A name is none of a model.
    MissingExtraError
        A model that was named needs a package that is not installed. ``all`` leaves
        such a model out.
    """
    asked = tuple(dict.fromkeys(names))
    if "all" in asked:
        return tuple(name for name in NAMES if name != "rnn" or _has_torch())
    for name in asked:
        if name not in NAMES:
            raise UnknownModelError(_unknown(name))
    if "rnn" in asked and not _has_torch():
        raise MissingExtraError(
            "--model rnn needs PyTorch; install it with: pip install 'sonicat[rnn]'"
        )
    return asked


def with_voters(names: Iterable[str]) -> tuple[str, ...]:
    """Return the single models that must be evaluated so that all of `names` can be."""
    asked = tuple(names)
    voters = VOTERS if VOTING in asked else ()
    return tuple(dict.fromkeys([*(n for n in asked if n != VOTING), *voters]))


def reads_slices(names: Iterable[str]) -> bool:
    """Return whether any of the models reads the slices of the sequences."""
    return not _SLICED.isdisjoint(names)


def _has_torch() -> bool:
    return find_spec("torch") is not None


def _unknown(name: str) -> str:
    return f"--model {name}: no such model; choose all or one of {', '.join(NAMES)}"
