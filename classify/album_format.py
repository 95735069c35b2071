"""The form in the catalog of a model of albums: named arrays and a line of JSON."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.models.albums import FittedAlbumModel
from classify.models.cosine import CosineClassifier, Whitening
from classify.models.covariances import Covariances
from classify.models.hierarchical import HierarchicalGaussian
from classify.models.predictive import Predictive

FORMAT = "npz"

_FITTED = ("classes_", "columns_", "center_", "scale_", "label_means_", "n_albums_of_")
_SHAPES = ("columns", "mean", "mean_error", "label", "album", "track")
_WHITENING = ("mean", "columns", "root")


def dump_arrays(fitted: FittedAlbumModel, facts: dict[str, Any]) -> bytes:
    """Return a fitted model and what is known of it as bytes.

    A tenth of a second in place of one or more, which reading any model whatever takes:
    nothing is built from names, and the arrays are numbers.

    Parameters
    ----------
    fitted : FittedAlbumModel
    facts : dict
        Of JSON; given back by `load_arrays`.
    """
    estimator = fitted.estimator
    arrays = {name: getattr(estimator, name) for name in _FITTED}
    known: dict[str, Any] = {
        "temperature": estimator.temperature_,
        "n_features_in": int(estimator.n_features_in_),
        "facts": facts,
    }
    if isinstance(estimator, HierarchicalGaussian):
        covariances = asdict(estimator.predictive_.covariances)
        arrays |= {f"covariances.{name}": covariances[name] for name in _SHAPES}
        known["unknown_prior"] = estimator.unknown_prior
        known["inverse_size"] = covariances["inverse_size"]
        known["rests_on"] = covariances["rests_on"]
        if estimator.window_predictive_ is not None:
            arrays["window"] = estimator.window_predictive_.extra
    else:
        parts = asdict(estimator.whitening_)
        arrays |= {f"whitening.{name}": parts[name] for name in _WHITENING}
    arrays["json"] = np.frombuffer(json.dumps(known).encode(), dtype=np.uint8)
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def load_arrays(data: bytes) -> tuple[FittedAlbumModel, dict[str, Any]]:
    """Return the model and the facts that `dump_arrays` was given.

    Raises
    ------
    ValueError, KeyError, OSError
        The bytes are of something else, or damaged.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays: dict[str, NDArray[Any]] = {name: file[name] for name in file.files}
    known = json.loads(arrays.pop("json").tobytes())
    estimator: HierarchicalGaussian | CosineClassifier
    if "covariances.label" in arrays:
        estimator = _hierarchical(arrays, known)
    else:
        estimator = CosineClassifier()
        own = (arrays[f"whitening.{name}"] for name in _WHITENING)
        estimator.whitening_ = Whitening(*own)
    for name in _FITTED:
        setattr(estimator, name, arrays[name])
    estimator.temperature_ = float(known["temperature"])
    estimator.n_features_in_ = int(known["n_features_in"])
    return FittedAlbumModel(estimator, len(estimator.classes_)), known["facts"]


def _hierarchical(
    arrays: dict[str, NDArray[Any]], known: dict[str, Any]
) -> HierarchicalGaussian:
    estimator = HierarchicalGaussian(unknown_prior=known["unknown_prior"])
    shapes: dict[str, Any] = {name: arrays[f"covariances.{name}"] for name in _SHAPES}
    rests_on = {name: (int(n), float(w)) for name, (n, w) in known["rests_on"].items()}
    covariances = Covariances(
        **shapes, inverse_size=float(known["inverse_size"]), rests_on=rests_on
    )
    estimator.rests_on_ = rests_on
    estimator.predictive_ = Predictive(covariances)
    estimator.window_predictive_ = None
    if "window" in arrays:
        estimator.window_predictive_ = Predictive(covariances, arrays["window"])
    return estimator
