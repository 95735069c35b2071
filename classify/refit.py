"""The models of a run's folds once more, to be asked about further rows.

A run keeps what each fold settled on, not the fitted models. Fitting them again with
these settings takes no search, and gives the same models: the seed is kept, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.database import Catalog
from catalog.datasets import Library, load_library
from catalog.records import FeatureSetFacts
from catalog.runs import RunFacts, fold_parameters
from classify.arrays import Dataset
from classify.codec_pairs import with_pairs
from classify.dataset import (
    TrainingData,
    dataset_hash,
    load_labels,
    load_sequences,
    prepare_training_data,
)
from classify.exceptions import NothingToReportError
from classify.folds import OUTER_FOLDS, Split, album_folds
from classify.model import Member, Model
from classify.models.base import fit
from classify.models.registry import VOTING, model_spec, reads_slices, with_voters
from classify.sequence_features import TrackSequences


@dataclass(frozen=True, eq=False)
class Studied:
    """What a run was made from.

    Attributes
    ----------
    library : Library
    sequences : mapping of an index into ``library.tracks`` to TrackSequences
    data : TrainingData
    """

    library: Library
    sequences: Mapping[int, TrackSequences]
    data: TrainingData


def load_run_data(catalog: Catalog, run: RunFacts) -> Studied:
    """Load what a run was made from.

    Raises
    ------
    NothingToReportError
        The library is not what it was then.
    """
    library = load_library(catalog, run.feature_set_id)
    if library is None:
        raise NothingToReportError(
            "the catalog holds no analysed track; run `scan FOLDER` first"
        )
    sequences = load_sequences(catalog, library)
    given, _ = load_labels(catalog, library, run.label_kind)
    data = prepare_training_data(
        library.tracks,
        library.windows,
        library.feature_set,
        rule=run.label_kind,
        only=run.parameters.get("only", ()),
        given=given,
        sequences=sequences,
        slices=reads_slices(with_voters((run.model,))),
    )
    learned = run.parameters.get("steadied")
    if learned:
        data = with_pairs(catalog, library, sequences, data, learned)
    if dataset_hash(data) != run.dataset_hash:
        raise NothingToReportError(
            f"the library has changed since run {run.id}; run `classify --all` again"
        )
    return Studied(library, sequences, data)


def refit_folds(
    catalog: Catalog, run: RunFacts, data: TrainingData
) -> list[tuple[Split, Model]]:
    """Return each fold of a run with the model that was judged on it.

    Parameters
    ----------
    catalog : Catalog
    run : RunFacts
    data : TrainingData
        What the run was made from.
    """
    dataset = data.dataset
    folds = album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=run.seed)
    settled = fold_parameters(catalog, run.id)
    return [
        (
            fold,
            refit_model(
                run.model,
                parameters,
                dataset.of_tracks(fold.train),
                data.feature_set,
                columns=data.names,
                n_windows=len(dataset.windows.X),
                seed=run.seed,
            ),
        )
        for fold, parameters in zip(folds, settled, strict=True)
    ]


def refit_model(
    name: str,
    parameters: Mapping[str, Any],
    training: Dataset,
    facts: FeatureSetFacts,
    *,
    columns: tuple[str, ...],
    n_windows: int,
    seed: int,
) -> Model:
    """Return a model trained with settings that a run or one of its folds settled on.

    Parameters
    ----------
    name : str
        Of the model.
    parameters : mapping
        Of the run, or of the fold: ``setting`` and ``temperature``.
    training : Dataset
    facts : FeatureSetFacts
    columns : tuple of str
        Of the dataset's rows.
    n_windows : int
        Of the whole library, by which large ones are told.
    seed : int
    """
    setting, temperature = parameters["setting"], parameters["temperature"]
    if name == VOTING:
        members = setting
    else:
        members = {name: {**setting, "weight": 1.0, "temperature": temperature}}
        temperature = 1.0
    return Model(
        training.labels,
        tuple(
            Member(
                member,
                fit(
                    model_spec(member, n_windows, len(training.labels)),
                    chosen,
                    training,
                    seed=seed,
                ),
                chosen["temperature"],
                chosen["weight"],
            )
            for member, chosen in members.items()
        ),
        temperature,
        facts.version,
        tuple(facts.names),
        columns,
    )
