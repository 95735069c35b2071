"""The models of a stored run, fitted again to predict further windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.database import Catalog
from catalog.runs import RunFacts, fold_parameters
from classify.arrays import Dataset
from classify.codec_pairs import add_codec_pairs
from classify.dataset import TrainingData, load_training_data
from classify.exceptions import NothingToReportError
from classify.folds import OUTER_FOLDS, Fold, album_folds, balanced_rounds
from classify.model import Member, Model
from classify.models.base import fit
from classify.models.registry import (
    ALBUM_MODELS,
    VOTING,
    model_spec,
    reads_slices,
    with_voters,
)
from classify.selection import dataset_hash


def load_run_data(catalog: Catalog, run: RunFacts) -> TrainingData:
    """Load the data that a run was trained on.

    Raises
    ------
    NothingToReportError
        The library is not what it was then.
    TooLittleToLearnFromError
        Too little of it is left.
    """
    data = load_training_data(
        catalog,
        run.label_kind,
        only=run.parameters.get("only", ()),
        slices=reads_slices(with_voters((run.model,))),
        linear=run.model in ALBUM_MODELS,
        feature_set_id=run.feature_set_id,
    )
    variants = run.parameters.get("steadied")
    if variants:
        data = add_codec_pairs(catalog, data, variants)
    known = data.feature_set, data.tracks, data.dataset
    if run.dataset_hash not in {
        dataset_hash(*known),
        dataset_hash(*known, with_windows=True),
    }:
        raise NothingToReportError(
            f"the library has changed since run {run.id}; run `classify --all` again"
        )
    return data


def refit_folds(
    catalog: Catalog, run: RunFacts, data: TrainingData
) -> list[tuple[Fold, Model]]:
    """Return each fold of a run with the model that was evaluated on it.

    A run keeps the parameters that each fold selected, not the fitted models. Fitting
    them again takes no search, and gives the same models: the seed is kept, too.

    Parameters
    ----------
    catalog : Catalog
    run : RunFacts
    data : TrainingData
        Of the run.
    """
    dataset = data.dataset
    y, groups, seed = dataset.y, dataset.groups, run.seed
    if run.parameters.get("validation") == "balanced":
        folds = balanced_rounds(y, groups, seed=seed)
    else:
        folds = album_folds(y, groups, n_splits=OUTER_FOLDS, seed=seed)
    known = fold_parameters(catalog, run.id)
    if run.model in ALBUM_MODELS:  # judged album by album, with nothing to choose
        known = [run.parameters] * len(folds)
    return [
        (fold, refit_model(run, data, dataset.of_tracks(fold.train), parameters))
        for fold, parameters in zip(folds, known, strict=True)
    ]


def refit_model(
    run: RunFacts,
    data: TrainingData,
    training: Dataset,
    parameters: Mapping[str, Any] | None = None,
) -> Model:
    """Return a run's model, fitted on some of the tracks.

    Parameters
    ----------
    run : RunFacts
    data : TrainingData
        Of the run.
    training : Dataset
        Those of its tracks to learn from.
    parameters : mapping or None
        Of a fold, with ``setting`` and ``temperature``; None: of the run.
    """
    parameters = run.parameters if parameters is None else parameters
    params, temperature = parameters["setting"], parameters["temperature"]
    if run.model != VOTING:
        params = {run.model: {**params, "weight": 1.0, "temperature": temperature}}
        temperature = 1.0
    members = []
    for name, own in params.items():
        # replaced by cheaper ones by the size of the library, not of a part of it
        spec = model_spec(name, len(data.dataset.windows.X), len(training.labels))
        fitted = fit(spec, own, training, seed=run.seed)
        members.append(Member(name, fitted, own["temperature"], own["weight"]))
    return Model(
        training.labels,
        tuple(members),
        temperature,
        data.feature_set.version,
        tuple(data.feature_set.names),
        data.columns,
    )
