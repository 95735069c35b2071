"""The final model of a run, and its form in the catalog."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.records import FeatureSetFacts
from catalog.runs import StoredModel
from classify import album_format
from classify.album_format import dump_arrays, load_arrays
from classify.arrays import Windows
from classify.exceptions import FeatureSetMismatchError, UntrustedArtifactError
from classify.metrics import apply_temperature
from classify.models.albums import FittedAlbumModel
from classify.models.base import FittedEstimator

Floats = NDArray[np.float64]


UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Member:
    """A fitted estimator with its calibration and its weight in a vote.

    Attributes
    ----------
    name : str
    fitted : FittedEstimator or FittedAlbumModel
    temperature : float
    weight : float
        The weights of a model's members sum to one.
    """

    name: str
    fitted: FittedEstimator | FittedAlbumModel
    temperature: float
    weight: float


@dataclass(frozen=True, eq=False)
class Model:
    """Everything that predicts the labels of further windows.

    Attributes
    ----------
    labels : tuple of str
    members : tuple of Member
    temperature : float
        Of the members' mean.
    feature_version : int
    feature_names : tuple of str
        Of the feature set; windows of any other are refused.
    columns : tuple of str
        Of the windows that it takes: of the feature set, and computed from it.
    """

    labels: tuple[str, ...]
    members: tuple[Member, ...]
    temperature: float
    feature_version: int
    feature_names: tuple[str, ...]
    columns: tuple[str, ...]

    def predict_proba(
        self, windows: Windows, facts: FeatureSetFacts
    ) -> tuple[Floats, Floats]:
        """Return the probabilities of each window and, calibrated, of each track.

        Parameters
        ----------
        windows : Windows
        facts : FeatureSetFacts
            Of the windows.

        Returns
        -------
        of_windows : float64, shape (n_windows, n_labels)
        of_tracks : float64, shape (n_tracks, n_labels)
            What a row lacks of 1 is the probability of "none of them", where the model
            knows of it.

        Raises
        ------
        FeatureSetMismatchError
            The windows are of another feature set than the model learned from.
        """
        self._refuse_others(facts)
        if windows.X.shape[1] != len(self.columns):
            raise FeatureSetMismatchError(
                f"the model takes {len(self.columns)} columns, these rows have "
                f"{windows.X.shape[1]}; were their sequences stored?"
            )
        (first, *_) = self.members
        if isinstance(first.fitted, FittedAlbumModel):
            return first.fitted.predict_proba(windows)
        of_windows = np.zeros((len(windows.X), len(self.labels)))
        of_tracks = np.zeros((windows.n_tracks, len(self.labels)))
        for member in self.members:
            p_windows, p_tracks = member.fitted.predict_proba(windows)
            of_windows += member.weight * p_windows
            of_tracks += member.weight * apply_temperature(p_tracks, member.temperature)
        return of_windows, apply_temperature(of_tracks, self.temperature)

    def _refuse_others(self, facts: FeatureSetFacts) -> None:
        if facts.version != self.feature_version:
            raise FeatureSetMismatchError(
                "the model learned from features of version "
                f"{self.feature_version}, these rows are of {facts.version}; "
                "run `classify --all` again"
            )
        if tuple(facts.names) != tuple(self.feature_names):
            raise FeatureSetMismatchError(
                "the model learned from other features than these rows hold; "
                "run `classify --all` again"
            )


FORMAT = "skops"

_FACTS = ("labels", "feature_version", "feature_names", "columns")
_UNREADABLE = (
    "the stored model cannot be read: it is damaged, or of another version of "
    "sonicat or scikit-learn; train again with `classify --all`"
)

TRUSTED = (
    "classify.model.Member",
    "classify.model.Model",
    "classify.models.base.FittedEstimator",
    "classify.models.cosine.CosineClassifier",
    "classify.models.cosine.Whitening",
    "classify.models.covariances.Covariances",
    "classify.models.hierarchical.HierarchicalGaussian",
    "classify.models.linear.score_features",
    "classify.models.neighbors.FewNeighbours",
    "classify.models.predictive.Predictive",
    "classify.models.rnn.GruClassifier",
    "classify.models.svm.Landmarks",
    "classify.models.svm.LeastSquares",
    "classify.models.svm.MarginSVC",
    "classify.models.trees.QuantileBins",
    "classify.models.wccn.WCCNScaler",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
"""The types beyond scikit-learn's and NumPy's own that a stored model may hold."""

_MOVED = {
    "classify.prediction": "classify.model",
    "classify.estimators.base": "classify.models.base",
    "classify.estimators.linear": "classify.models.linear",
    "classify.estimators.neighbours": "classify.models.neighbors",
    "classify.estimators.rnn": "classify.models.rnn",
    "classify.estimators.steady": "classify.models.wccn",
    "classify.estimators.svm": "classify.models.svm",
    "classify.estimators.trees": "classify.models.trees",
}
_RENAMED = {
    "Fitted": "FittedEstimator",
    "SteadyScaler": "WCCNScaler",
    "differing": "score_features",
}
"""Types of models that were stored when their modules and names were others."""


def dump(model: Model) -> StoredModel:
    """Return `model` as it is stored, and as `load` takes it.

    skops writes a zip of JSON and arrays, and builds nothing but the types that are
    listed here: a catalog from a stranger can be wrong, but it cannot run code.
    """
    fitted = model.members[0].fitted
    if isinstance(fitted, FittedAlbumModel):
        facts = {name: getattr(model, name) for name in _FACTS}
        return StoredModel("model", album_format.FORMAT, dump_arrays(fitted, facts))
    import skops.io  # noqa: PLC0415 - a second, which not every worker needs

    return StoredModel("model", FORMAT, bytes(skops.io.dumps(model)))


def load(stored: StoredModel) -> Model:
    """Return a model that was stored.

    Raises
    ------
    UntrustedArtifactError
        It holds a type that is not on the fixed list, or is no model at all.
    """
    if stored.format == album_format.FORMAT:
        return _load_album_model(stored.data)
    import skops.io  # noqa: PLC0415 - a second, which not every worker needs

    try:
        data = _rename_types(stored.data)
        untrusted = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED))
        found: Any = None if untrusted else skops.io.loads(data, trusted=list(TRUSTED))
    except Exception as error:  # whatever a reader of zip, JSON and arrays stumbles on
        raise UntrustedArtifactError(_UNREADABLE) from error
    if untrusted:
        raise UntrustedArtifactError(
            f"the stored model holds {untrusted[0]}, which is not trusted; "
            "train again with `classify`"
        )
    if not isinstance(found, Model):
        raise UntrustedArtifactError("the stored model is none; train with `classify`")
    return found


def _load_album_model(data: bytes) -> Model:
    try:
        fitted, facts = load_arrays(data)
        known = {name: facts[name] for name in _FACTS}
    except Exception as error:  # whatever a reader of zip and arrays stumbles on
        raise UntrustedArtifactError(_UNREADABLE) from error
    names = {name: tuple(known[name]) for name in _FACTS if name != "feature_version"}
    kind = type(fitted.estimator).__name__
    return Model(
        members=(Member(kind, fitted, 1.0, 1.0),),
        temperature=1.0,
        feature_version=int(known["feature_version"]),
        **names,
    )


def _rename_types(data: bytes) -> bytes:
    """Give the types in a model that was stored before they moved their present names.

    Nothing is trusted by it: the names that come out are checked like all others.
    """

    def rename(node: dict[str, Any]) -> dict[str, Any]:
        if node.get("__module__") in _MOVED:
            node["__module__"] = _MOVED[node["__module__"]]
            node["__class__"] = _RENAMED.get(node["__class__"], node["__class__"])
        return node

    renamed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(renamed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                schema = json.loads(content, object_hook=rename)
                content = json.dumps(schema).encode()
            new.writestr(name, content)
    return renamed.getvalue()


_PACKAGES = ("sonicat", "numpy", "scipy", "scikit-learn", "skops")


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that a run rests on."""
    return {name: version(name) for name in _PACKAGES}
