"""From a catalog to stored runs: load, evaluate, train on all, label the rest, keep."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.datasets import Library, load_library
from catalog.facts import audio_facts
from catalog.runs import FoldFacts, Predictions, RunFacts, StoredModel, store_run
from classify import artifacts
from classify.confounds import audit, figures
from classify.dataset import Dataset, prepare
from classify.errors import TooLittleToLearnFromError
from classify.estimators import reads_slices
from classify.evaluation import Evaluation, evaluate, n_tasks
from classify.file_facts import fact_table
from classify.loading import dataset_hash, loaded_labels, loaded_sequences
from classify.matching import judged_pairs, matched
from classify.pairs import with_pairs
from classify.prediction import UNKNOWN, Model
from classify.scores import majority_baseline, scores
from classify.statistics import balanced_accuracy, macro_f1

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from catalog.facts import AudioFacts
    from catalog.session import Catalog
    from classify.dataset import Problem
    from classify.matching import Matched
    from classify.validation import Split

_PACKAGES = ("sonicat", "numpy", "scipy", "scikit-learn", "skops")


@dataclass(frozen=True)
class Request:
    """What `classify` was asked to do.

    Attributes
    ----------
    rule : str
        What a label is: ``"artist"``, ``"genre"`` ...
    only : tuple of str
        The labels to tell apart; empty for all that have enough albums.
    models : tuple of str
    seed : int
    everything : bool
        Whether tracks outside the problem are labelled too, by the final model.
    jobs : int or None
    unknown_below : float or None
        Tracks outside the problem whose best label is less probable than this are
        called unknown; None sets the threshold by leaving out each label in turn.
    matched : bool
        Whether to judge pairs of tracks that are coded alike, too.
    steady : bool
        Whether models learn from the catalog's re-encodings what to distrust.
    """

    rule: str = "artist"
    only: tuple[str, ...] = ()
    models: tuple[str, ...] = ("voting",)
    seed: int = 0
    everything: bool = True
    jobs: int | None = None
    unknown_below: float | None = None
    matched: bool = False
    steady: bool = False


@dataclass(frozen=True)
class Summary:
    """What was done, for whoever shows it.

    Attributes
    ----------
    runs : tuple of RunFacts, in the order of the request's models
    left_out : mapping of a label with too few albums to its number of tracks
    scarce : labels with two albums
    unheard : number of tracks without a usable window
    elsewhere : number of tracks analysed under another feature set only
    rest : number of tracks outside the problem, labelled by the final model
    baseline : float
        Accuracy of always naming the most frequent label.
    unmatched : lines of a label file that match no track
    confounds : dict
        What facts about the files reach without the music.
    matched : dict of a model's name to Matched, where asked for
    """

    runs: tuple[RunFacts, ...]
    left_out: dict[str, int]
    scarce: tuple[str, ...]
    unheard: int
    elsewhere: int
    rest: int
    baseline: float
    unmatched: tuple[str, ...] = ()
    confounds: dict[str, Any] = field(default_factory=dict)
    matched: dict[str, Matched] = field(default_factory=dict)


def classify_library(
    catalog: Catalog,
    request: Request,
    *,
    started: Callable[[int], Callable[[str], None]] = lambda _: lambda _: None,
) -> Summary:
    """Train, evaluate and store every model of `request`.

    Parameters
    ----------
    catalog : Catalog
        Open for writing.
    request : Request
    started : callable
        Called once with the number of tasks; returns what to call as each one ends.

    Raises
    ------
    TooLittleToLearnFromError
        The library cannot give an honest answer; the message says what is missing.
    """
    library = load_library(catalog)
    if library is None:
        raise TooLittleToLearnFromError(
            "the catalog holds no analysed track; run `scan FOLDER` first"
        )
    given, unmatched = loaded_labels(catalog, library, request.rule)
    sequences = loaded_sequences(catalog, library)
    dataset = prepare(
        library.tracks,
        library.windows,
        library.feature_set,
        rule=request.rule,
        only=request.only,
        given=given,
        sequences=sequences,
        slices=reads_slices(request.models),
    )
    if request.steady:
        dataset = with_pairs(catalog, library, sequences, dataset)
    problem = dataset.problem
    folds, evaluations = evaluate(
        problem,
        request.models,
        seed=request.seed,
        jobs=request.jobs,
        done=started(n_tasks(request.models, problem)),
    )
    baseline = majority_baseline(problem)
    known = _known_facts(catalog, library, dataset)
    found = audit(problem, fact_table(known), folds, seed=request.seed)
    confounds = figures(problem, found, seed=request.seed)
    runs = []
    for evaluation in evaluations.values():
        facts = _facts(library, dataset, evaluation, request, baseline)
        facts = replace(facts, metrics={**facts.metrics, "confounds": confounds})
        runs.append(_stored(catalog, facts, dataset, folds, evaluation, request))
    return Summary(
        runs=tuple(runs),
        left_out=dataset.left_out,
        scarce=dataset.scarce,
        unheard=len(dataset.unheard),
        elsewhere=library.elsewhere,
        rest=len(dataset.rest_tracks) if request.everything else 0,
        baseline=baseline,
        unmatched=tuple(unmatched),
        confounds=confounds,
        matched=_matched(known, problem, evaluations) if request.matched else {},
    )


def _known_facts(
    catalog: Catalog, library: Library, dataset: Dataset
) -> list[AudioFacts]:
    facts = audio_facts(catalog, library.feature_set_id)
    return [facts[track.id] for track in dataset.tracks]


def _matched(
    known: list[AudioFacts], problem: Problem, evaluations: dict[str, Evaluation]
) -> dict[str, Matched]:
    pairs = matched(known, problem.y)
    return {
        name: judged_pairs(evaluation.tracks, problem.y, pairs)
        for name, evaluation in evaluations.items()
    }


def _facts(
    library: Library,
    dataset: Dataset,
    evaluation: Evaluation,
    request: Request,
    baseline: float,
) -> RunFacts:
    figures: dict[str, Any] = scores(dataset.problem, evaluation, seed=request.seed)
    threshold = request.unknown_below
    if threshold is None and figures["unknown"] is not None:
        threshold = figures["unknown"]["threshold"]
    return RunFacts(
        label_kind=request.rule,
        model=evaluation.name,
        seed=request.seed,
        feature_set_id=library.feature_set_id,
        dataset_hash=dataset_hash(dataset),
        labels=dataset.problem.labels,
        parameters={
            "only": list(request.only),
            "setting": evaluation.choice.setting,
            "temperature": evaluation.choice.temperature,
            "unknown_below": threshold,
            "notes": list(evaluation.notes),
            "steadied": {one.variant: len(one.tracks) for one in dataset.problem.pairs},
        },
        versions={name: version(name) for name in _PACKAGES},
        metrics={**figures, "majority_baseline": baseline},
    )


def _stored(
    catalog: Catalog,
    facts: RunFacts,
    dataset: Dataset,
    folds: list[Split],
    evaluation: Evaluation,
    request: Request,
) -> RunFacts:
    model = _final_model(dataset, evaluation)
    rest = None
    if request.everything and dataset.rest_tracks:
        rest = model.judge(dataset.rest, dataset.feature_set)
    threshold = facts.parameters["unknown_below"] or 0.0
    tracks, windows = _predictions(dataset, folds, evaluation, rest, threshold)
    number = store_run(
        catalog,
        facts,
        folds=_fold_facts(dataset, folds, evaluation),
        tracks=tracks,
        windows=windows,
        models=[StoredModel("model", artifacts.FORMAT, artifacts.dump(model))],
    )
    return replace(facts, id=number)


def _final_model(dataset: Dataset, evaluation: Evaluation) -> Model:
    alone = len(evaluation.members) == 1
    facts = dataset.feature_set
    return Model(
        dataset.problem.labels,
        evaluation.members,
        1.0 if alone else evaluation.choice.temperature,
        facts.version,
        tuple(facts.names),
        dataset.names,
    )


def _predictions(
    dataset: Dataset,
    folds: list[Split],
    evaluation: Evaluation,
    judged_rest: tuple[Any, Any] | None,
    threshold: float,
) -> tuple[Predictions, Predictions]:
    """Return what is said of all tracks and windows: held out, then the rest."""
    problem, labels = dataset.problem, dataset.problem.labels
    fold = np.empty(problem.rows.n_tracks, dtype=np.intp)
    for i, split in enumerate(folds):
        fold[split.test] = i
    of = problem.rows.track
    ids = np.array([track.id for track in dataset.tracks], dtype=np.int64)
    tracks = _said(ids, fold, problem.y, evaluation.tracks, labels)
    windows = _said(
        dataset.window_ids, fold[of], problem.y[of], evaluation.windows, labels
    )
    if judged_rest is None:
        return tracks, windows
    of_windows, of_tracks = judged_rest
    ids = np.array([track.id for track in dataset.rest_tracks], dtype=np.int64)
    unsure = of_tracks.max(axis=1) < threshold
    more = _said(ids, None, None, of_tracks, labels)
    more = replace(
        more,
        label=[
            UNKNOWN if no else label
            for label, no in zip(more.label, unsure, strict=True)
        ],
    )
    return (
        _joined(tracks, more),
        _joined(
            windows, _said(dataset.rest_window_ids, None, None, of_windows, labels)
        ),
    )


def _said(
    ids: NDArray[np.int64],
    fold: NDArray[np.intp] | None,
    true: NDArray[np.intp] | None,
    p: NDArray[np.float64],
    labels: tuple[str, ...],
) -> Predictions:
    nothing = np.full(len(ids), -1, dtype=np.intp)
    return Predictions(
        ids,
        nothing if fold is None else fold,
        nothing if true is None else true,
        [labels[k] for k in p.argmax(axis=1)],
        p,
    )


def _joined(a: Predictions, b: Predictions) -> Predictions:
    return Predictions(
        np.concatenate([a.ids, b.ids]),
        np.concatenate([a.fold, b.fold]),
        np.concatenate([a.true, b.true]),
        [*a.label, *b.label],
        np.concatenate([a.p, b.p]),
    )


def _fold_facts(
    dataset: Dataset, folds: list[Split], evaluation: Evaluation
) -> list[FoldFacts]:
    problem = dataset.problem
    facts = []
    for i, (split, outcome) in enumerate(zip(folds, evaluation.outcomes, strict=True)):
        y, predicted = problem.y[split.test], outcome.tracks.argmax(axis=1)
        facts.append(
            FoldFacts(
                fold=i,
                tracks=len(y),
                albums=len(np.unique(problem.groups[split.test])),
                accuracy=float((predicted == y).mean()),
                balanced_accuracy=balanced_accuracy(y, predicted),
                macro_f1=macro_f1(y, predicted),
                parameters={
                    "setting": outcome.choice.setting,
                    "temperature": outcome.choice.temperature,
                },
                fit_cpu_s=outcome.fit_s,
                predict_cpu_s=outcome.predict_s,
            )
        )
    return facts
