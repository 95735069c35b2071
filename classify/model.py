"""The final model of a run: members, their weights, their calibration, their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.records import FeatureSetFacts
from classify.arrays import Windows
from classify.exceptions import FeatureSetMismatchError, UntrustedArtifactError
from classify.metrics import apply_temperature
from classify.models.base import Fitted

Floats = NDArray[np.float64]


UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Member:
    """A fitted model spec with what it takes to read its probabilities.

    Attributes
    ----------
    name : str
    fitted : Fitted
    temperature : float
    weight : float
        In the vote; the weights of a model's members sum to one.
    """

    name: str
    fitted: Fitted
    temperature: float
    weight: float


@dataclass(frozen=True, eq=False)
class Model:
    """What is kept in the catalog: enough to judge further windows.

    Attributes
    ----------
    labels : tuple of str
    members : tuple of Member
    temperature : float
        Of the members' mean.
    feature_version : int
    feature_names : tuple of str
        Windows of any other feature set are refused.
    columns : tuple of str
        Of the rows that it takes: those of the feature set, and those made of it.
    """

    labels: tuple[str, ...]
    members: tuple[Member, ...]
    temperature: float
    feature_version: int
    feature_names: tuple[str, ...]
    columns: tuple[str, ...]

    def predict_proba(
        self, rows: Windows, facts: FeatureSetFacts
    ) -> tuple[Floats, Floats]:
        """Return the probabilities of each window and, calibrated, of each track.

        Raises
        ------
        FeatureSetMismatchError
            The rows are of another feature set than the model learned from.
        """
        self._refuse_others(facts)
        if rows.X.shape[1] != len(self.columns):
            raise FeatureSetMismatchError(
                f"the model takes {len(self.columns)} columns, these rows have "
                f"{rows.X.shape[1]}; were their sequences stored?"
            )
        windows = np.zeros((len(rows.X), len(self.labels)))
        tracks = np.zeros((rows.n_tracks, len(self.labels)))
        for member in self.members:
            of_windows, of_tracks = member.fitted.predict_proba(rows)
            windows += member.weight * of_windows
            tracks += member.weight * apply_temperature(of_tracks, member.temperature)
        return windows, apply_temperature(tracks, self.temperature)

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

TRUSTED = (
    "classify.models.base.Fitted",
    "classify.models.linear.differing",
    "classify.models.neighbors.FewNeighbours",
    "classify.models.rnn.GruClassifier",
    "classify.models.wccn.WCCNScaler",
    "classify.models.svm.Landmarks",
    "classify.models.svm.LeastSquares",
    "classify.models.svm.MarginSVC",
    "classify.models.trees.QuantileBins",
    "classify.model.Member",
    "classify.model.Model",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
"""The types beyond scikit-learn's and NumPy's own that a stored model may hold."""


def dump(model: Model) -> bytes:
    """Return `model` as bytes that `load` takes."""
    import skops.io  # noqa: PLC0415 (slow to load)

    return bytes(skops.io.dumps(model))


def load(data: bytes) -> Model:
    """Return the model that `data` holds.

    Raises
    ------
    UntrustedArtifactError
        It holds a type that is not on the fixed list, or is no model at all.
    """
    import skops.io  # noqa: PLC0415 (slow to load)
    from skops.io.exceptions import UntrustedTypesFoundException  # noqa: PLC0415

    from classify.model import Model  # noqa: PLC0415 (loads scikit-learn)

    try:
        unknown = [t for t in skops.io.get_untrusted_types(data=data) if not _ours(t)]
        found: Any = None if unknown else skops.io.loads(data, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise UntrustedArtifactError(
            f"the stored model is not trusted: {error}"
        ) from error
    except Exception as error:  # whatever a reader of zip, JSON and arrays stumbles on
        raise UntrustedArtifactError(
            "the stored model cannot be read: it is damaged, or of another version of "
            "scikit-learn; train again with `classify --all`"
        ) from error
    if unknown:
        raise UntrustedArtifactError(
            f"the stored model holds {unknown[0]}, which is not trusted; "
            "train again with `classify`"
        )
    if not isinstance(found, Model):
        raise UntrustedArtifactError("the stored model is none; train with `classify`")
    return found


def _ours(name: str) -> bool:
    return name in TRUSTED
