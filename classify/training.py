"""From a catalog to stored runs: load, evaluate, train on all, label the rest, keep."""

from __future__ import annotations

from collections.abc import Callable

from catalog.audio_facts import AudioFacts, audio_facts
from catalog.database import Catalog
from catalog.datasets import Library, load_library
from catalog.library import has_ungrouped_tracks
from catalog.regroup import regroup
from classify.arrays import Dataset
from classify.codec_pairs import add_codec_pairs_if_enough
from classify.confounds import (
    PairScores,
    audit_confounds,
    figures,
    match_pairs,
    score_pairs,
)
from classify.dataset import (
    TrainingData,
    load_labels,
    load_sequences,
    prepare_training_data,
)
from classify.evaluate import Evaluation, evaluate, majority_baseline, n_tasks
from classify.exceptions import TooLittleToLearnFromError
from classify.file_facts import fact_table
from classify.models.registry import reads_slices
from classify.runs import run_facts, store
from classify.settings import Summary, TrainingSettings


def classify_library(
    catalog: Catalog,
    request: TrainingSettings,
    *,
    started: Callable[[int], Callable[[str], None]] = lambda _: lambda _: None,
) -> Summary:
    """Train, evaluate and store every model of `request`.

    Parameters
    ----------
    catalog : Catalog
        Open for writing.
    request : TrainingSettings
    started : callable
        Called once with the number of tasks; returns what to call as each one ends.

    Raises
    ------
    TooLittleToLearnFromError
        The library cannot give an honest answer; the message says what is missing.
    """
    if has_ungrouped_tracks(catalog):  # a scan was ended before it grouped them
        regroup(catalog)
    library = load_library(catalog)
    if library is None:
        raise TooLittleToLearnFromError(
            "the catalog holds no analysed track; run `scan FOLDER` first"
        )
    given, unmatched = load_labels(catalog, library, request.rule)
    sequences = load_sequences(catalog, library)
    data = prepare_training_data(
        library.tracks,
        library.windows,
        library.feature_set,
        rule=request.rule,
        only=request.only,
        given=given,
        sequences=sequences,
        slices=reads_slices(request.models),
    )
    data = add_codec_pairs_if_enough(
        catalog, library, sequences, data, wanted=request.steady
    )
    dataset = data.dataset
    folds, evaluations = evaluate(
        dataset,
        request.models,
        seed=request.seed,
        jobs=request.jobs,
        done=started(n_tasks(request.models, dataset)),
    )
    baseline = majority_baseline(dataset)
    known = _known_facts(catalog, library, data)
    found = audit_confounds(dataset, fact_table(known), folds, seed=request.seed)
    confounds = figures(dataset, found, seed=request.seed)
    more = {"majority_baseline": baseline, "confounds": confounds}
    runs = []
    for evaluation in evaluations.values():
        facts = run_facts(data, library.feature_set_id, evaluation, request, more)
        everything = request.everything
        runs.append(
            store(catalog, facts, data, folds, evaluation, everything=everything)
        )
    return Summary(
        runs=tuple(runs),
        left_out=data.left_out,
        scarce=data.scarce,
        unheard=len(data.unheard),
        elsewhere=library.elsewhere,
        rest=len(data.rest_tracks) if request.everything else 0,
        baseline=baseline,
        unmatched=tuple(unmatched),
        confounds=confounds,
        matched=_matched(known, dataset, evaluations) if request.matched else {},
    )


def _known_facts(
    catalog: Catalog, library: Library, data: TrainingData
) -> list[AudioFacts]:
    facts = audio_facts(catalog, library.feature_set_id)
    return [facts[track.id] for track in data.tracks]


def _matched(
    known: list[AudioFacts], dataset: Dataset, evaluations: dict[str, Evaluation]
) -> dict[str, PairScores]:
    pairs = match_pairs(known, dataset.y)
    return {
        name: score_pairs(evaluation.tracks, dataset.y, pairs)
        for name, evaluation in evaluations.items()
    }
