"""From a catalog to stored runs: load, evaluate, train on all, label the rest, keep."""

from __future__ import annotations

from collections.abc import Callable

from catalog.audio_facts import AudioFacts, audio_facts
from catalog.database import Catalog
from catalog.datasets import Library, load_library
from classify.arrays import Problem
from classify.codec_pairs import steadied
from classify.confounds import Matched, audit, figures, judged_pairs, matched
from classify.dataset import Dataset, loaded_labels, loaded_sequences, prepare
from classify.evaluate import Evaluation, evaluate, majority_baseline, n_tasks
from classify.exceptions import TooLittleToLearnFromError
from classify.file_facts import fact_table
from classify.models.registry import reads_slices
from classify.runs import run_facts, store
from classify.settings import Request, Summary


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
    dataset = steadied(catalog, library, sequences, dataset, wanted=request.steady)
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
    more = {"majority_baseline": baseline, "confounds": confounds}
    runs = []
    for evaluation in evaluations.values():
        facts = run_facts(dataset, library.feature_set_id, evaluation, request, more)
        everything = request.everything
        runs.append(
            store(catalog, facts, dataset, folds, evaluation, everything=everything)
        )
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
