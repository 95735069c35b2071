"""Fitted models as bytes, without pickle.

skops writes a zip of JSON and arrays, and builds nothing but the types that are listed
here: a catalog from a stranger can be wrong, but it cannot run code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classify.exceptions import UntrustedArtifactError

if TYPE_CHECKING:
    from classify.model import Model

FORMAT = "skops"

TRUSTED = (
    "classify.models.base.Fitted",
    "classify.models.linear.differing",
    "classify.models.neighbors.FewNeighbours",
    "classify.models.rnn.GruClassifier",
    "classify.models.wccn.SteadyScaler",
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
