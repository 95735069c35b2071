"""The training of a library's models: load, evaluate, refit on all tracks, store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.audio_facts import audio_facts
from catalog.database import Catalog
from catalog.library import has_ungrouped_tracks
from catalog.regroup import regroup
from catalog.runs import RunFacts
from classify.codec_pairs import add_wanted_codec_pairs
from classify.confounds import (
    PairScores,
    audit_confounds,
    audit_metrics,
    match_pairs,
    score_pairs,
    warn_of_confounds,
)
from classify.dataset import load_training_data
from classify.evaluate import OnProgress, evaluate, majority_baseline
from classify.file_facts import fact_table
from classify.models.registry import reads_slices
from classify.runs import store_evaluation
from classify.settings import TrainingSettings


@dataclass(frozen=True)
class TrainingResult:
    """The runs of a training, and the tracks and labels that it left out.

    Attributes
    ----------
    runs : tuple of RunFacts, in the order of the settings' models
    left_out : mapping of a label with too few albums to its number of tracks
    scarce : labels with two albums
    unusable : number of tracks without a usable window
    elsewhere : number of tracks analysed under another feature set only
    rest : number of tracks outside the dataset, labelled by the final model
    baseline : float
        Accuracy of always naming the most frequent label.
    unmatched : lines of a label file that match no track
    confounds : dict
        What facts about the files reach without the music.
    warning : str or None
        Of the best model, where the confounds come near it.
    matched : dict of a model's name to PairScores, where asked for
    correct : dict of a run's number to bool, shape (n_tracks,)
        Which tracks of the dataset it gets right, held out by album.
    album_keys : tuple of str
        Of the same tracks.
    """

    runs: tuple[RunFacts, ...]
    left_out: Mapping[str, int]
    scarce: tuple[str, ...]
    unusable: int
    elsewhere: int
    rest: int
    baseline: float
    unmatched: tuple[str, ...] = ()
    confounds: Mapping[str, Any] = field(default_factory=dict)
    warning: str | None = None
    matched: Mapping[str, PairScores] = field(default_factory=dict)
    correct: Mapping[int, NDArray[np.bool_]] = field(default_factory=dict)
    album_keys: tuple[str, ...] = ()


def classify_library(
    catalog: Catalog,
    settings: TrainingSettings,
    *,
    on_progress: OnProgress = lambda _done, _total, _name: None,
) -> TrainingResult:
    """Evaluate models on a library, train them on all of it, and store a run of each.

    Parameters
    ----------
    catalog : Catalog
        Open for writing.
    settings : TrainingSettings
    on_progress : callable
        As `evaluate` takes it.

    Raises
    ------
    TooLittleToLearnFromError
        The library cannot give an honest answer; the message says what is missing.
    """
    if has_ungrouped_tracks(catalog):  # a scan was ended before it grouped them
        regroup(catalog)
    data = load_training_data(
        catalog,
        settings.rule,
        only=settings.only,
        slices=reads_slices(settings.models),
    )
    data = add_wanted_codec_pairs(catalog, data, wanted=settings.codec_robust)
    dataset, seed = data.dataset, settings.seed
    folds, evaluations = evaluate(
        dataset,
        settings.models,
        seed=seed,
        jobs=settings.jobs,
        on_progress=on_progress,
    )
    facts_by_track = audio_facts(catalog, data.library.feature_set_id)
    facts = [facts_by_track[track.id] for track in data.tracks]
    audit = audit_confounds(dataset, fact_table(facts), folds, seed=seed)
    confounds = audit_metrics(dataset, audit, seed=seed)
    baseline = majority_baseline(dataset)
    metrics = {"majority_baseline": baseline, "confounds": confounds}
    runs = {
        name: store_evaluation(catalog, data, folds, evaluation, settings, metrics)
        for name, evaluation in evaluations.items()
    }
    pairs = match_pairs(facts, dataset.y) if settings.matched else []
    return TrainingResult(
        runs=tuple(runs.values()),
        left_out=data.left_out,
        scarce=data.scarce,
        unusable=len(data.unusable),
        elsewhere=data.library.elsewhere,
        rest=len(data.rest_tracks) if settings.everything else 0,
        baseline=baseline,
        unmatched=data.unmatched,
        confounds=confounds,
        warning=_warn(runs.values(), confounds, baseline),
        matched={
            name: score_pairs(evaluation.tracks, dataset.y, pairs)
            for name, evaluation in evaluations.items()
            if settings.matched
        },
        correct={
            runs[name].id: evaluation.tracks.argmax(axis=1) == dataset.y
            for name, evaluation in evaluations.items()
        },
        album_keys=tuple(track.group_key for track in data.tracks),
    )


def _warn(
    runs: Iterable[RunFacts], confounds: Mapping[str, Any], baseline: float
) -> str | None:
    """Return the warning that belongs to the best model's accuracy, if there is one."""
    best = max(runs, key=lambda run: float(run.metrics["balanced_accuracy"]))
    warning = warn_of_confounds(confounds, best.metrics["accuracy"], baseline)
    return f"{best.model}: {warning}" if warning and best.model != "majority" else None
