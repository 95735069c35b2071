"""The training of a library's models: load, evaluate, refit on all tracks, store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from catalog.audio_facts import audio_facts
from catalog.database import Catalog
from catalog.datasets import Library
from catalog.library import has_ungrouped_tracks
from catalog.regroup import regroup
from catalog.runs import RunFacts
from classify.album_evaluation import AlbumSettings, evaluate_album_model
from classify.album_runs import store_album_run
from classify.arrays import majority_baseline
from classify.codec_pairs import add_wanted_codec_pairs
from classify.confounds import (
    PairScores,
    audit_confounds,
    audit_metrics,
    match_pairs,
    sample_labels,
    score_pairs,
    warn_of_confounds,
)
from classify.dataset import load_training_data
from classify.evaluate import evaluate
from classify.file_facts import fact_table
from classify.folds import OUTER_FOLDS, album_folds
from classify.models.registry import ALBUM_MODELS, reads_slices
from classify.runs import store_evaluation
from classify.selection import Selection
from classify.settings import TrainingSettings
from classify.track_data import load_track_data

Floats = NDArray[np.float64]
OnProgress = Callable[[float, str], None]


@dataclass(frozen=True)
class TrainingResult:
    """The runs of a training, and the tracks and labels that it left out.

    Attributes
    ----------
    runs : tuple of RunFacts, in the order of the settings' models
    selection : Selection
        Of the library's tracks.
    elsewhere : number of tracks analysed under another feature set only
    rest : number of tracks without a label, labelled by the final model
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
    selection: Selection
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
    on_progress: OnProgress = lambda _share, _what: None,
) -> TrainingResult:
    """Evaluate models on a library, train them on all of it, and store a run of each.

    Parameters
    ----------
    catalog : Catalog
        Open for writing.
    settings : TrainingSettings
    on_progress : callable of (share, what)
        Told which share of all the work is done, 0 to 1, and what is being done.

    Raises
    ------
    TooLittleToLearnFromError
        The library cannot give an honest answer; the message says what is missing.
    """
    if has_ungrouped_tracks(catalog):  # a scan was ended before it grouped them
        regroup(catalog)
    return _Training(catalog, settings, on_progress).run()


_LEAST_STEP = 1e-3
"""A thousandth is as finely as a bar can show it."""


class _Progress:
    """Tells how much of some work is done.

    Parameters
    ----------
    on_progress : callable of (share, what)
        Told the share of all the work that is done, 0 to 1, and its stage.
    stages : mapping of a stage to a float
        What each takes, in any unit; in their order.
    """

    def __init__(
        self, on_progress: Callable[[float, str], None], stages: Mapping[str, float]
    ) -> None:
        self._on_progress, self._stages = on_progress, dict(stages)
        self._shares = dict.fromkeys(stages, 0.0)
        self._told = -1.0

    def tell(self, stage: str, share: float) -> None:
        """Tell that a share of a stage is done, 0 to 1."""
        self._shares[stage] = max(self._shares[stage], min(share, 1.0))
        total = sum(self._stages.values())
        done = sum(self._stages[name] * part for name, part in self._shares.items())
        whole = done / total if total else 1.0
        if whole >= self._told + _LEAST_STEP or whole >= 1.0:
            self._told = whole
            self._on_progress(whole, stage)

    def tell_all(self, stages: Sequence[str], share: float, name: str) -> None:
        """Tell that a share of several stages, which run side by side, is done."""
        for stage in stages:
            self._shares[stage] = min(share, 1.0)
        self.tell(name if name in self._shares else stages[0], share)

    def done(self, stage: str) -> None:
        """Tell that a stage is done."""
        self.tell(stage, 1.0)


class _Training:
    """One question, its tracks, and what all models that answer it share."""

    def __init__(
        self, catalog: Catalog, settings: TrainingSettings, on_progress: OnProgress
    ) -> None:
        self._catalog, self._settings = catalog, settings
        names = settings.models
        self._of_albums = [name for name in names if name in ALBUM_MODELS]
        self._of_windows = [name for name in names if name not in ALBUM_MODELS]
        self._data = load_track_data(catalog, settings.rule, only=settings.only)
        self._dataset, tracks = self._data.judged_dataset()
        self._tracks = self._data.rows(tracks)
        facts = audio_facts(catalog, self._data.library.feature_set_id)
        self._facts = [facts[track.id] for track in self._tracks]
        self._probabilities: dict[str, Floats] = {}
        self._correct: dict[int, NDArray[np.bool_]] = {}
        self._audited = np.arange(len(self._dataset.labels), dtype=np.intp)
        self._progress = _Progress(on_progress, self._stages())

    def _stages(self) -> dict[str, float]:
        """Return the stages of the work, with guesses of their shares of the time."""
        stages = {"confounds": 10.0}
        for name in self._of_albums:
            more = {"albums": 25.0, "chance": 30.0, "pooling": 5.0, "windows": 30.0}
            stages |= {f"{name}: {stage}": share for stage, share in more.items()}
        stages |= dict.fromkeys(self._of_windows, 60.0)
        return stages

    def run(self) -> TrainingResult:
        """Do all of it."""
        dataset, settings = self._dataset, self._settings
        confounds = self._audit()
        self._progress.done("confounds")
        baseline = majority_baseline(dataset)
        metrics = {"majority_baseline": baseline, "confounds": confounds}
        found = {name: self._run_albums(name, metrics) for name in self._of_albums}
        if self._of_windows:
            found |= self._run_windows(metrics)
        runs = {name: found[name] for name in settings.models}
        pairs = match_pairs(self._facts, dataset.y) if settings.matched else []
        data = self._data
        return TrainingResult(
            runs=tuple(runs.values()),
            selection=data.selection,
            elsewhere=data.library.elsewhere,
            rest=len(data.rest) if settings.everything else 0,
            baseline=baseline,
            unmatched=data.unmatched,
            confounds=confounds,
            warning=self._warn(runs, confounds),
            matched={
                name: score_pairs(self._probabilities[name], dataset.y, pairs)
                for name in runs
                if settings.matched
            },
            correct=self._correct,
            album_keys=tuple(track.group_key for track in self._tracks),
        )

    def _audit(self) -> dict[str, Any]:
        """Return what facts about the files give away, of labels that are drawn."""
        whole, seed = self._dataset, self._settings.seed
        self._audited = sample_labels(whole, seed=seed)
        inside = np.flatnonzero(np.isin(whole.y, self._audited))
        dataset = whole.of_tracks(inside)
        table = fact_table([self._facts[i] for i in inside.tolist()])
        folds = album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=seed)
        audit = audit_confounds(dataset, table, folds, seed=seed)
        return audit_metrics(dataset, audit, seed=seed)

    def _audited_accuracy(self, p: NDArray[np.floating]) -> float:
        """Return a model's accuracy among the labels whose confounds were audited.

        Parameters
        ----------
        p : shape (n_tracks of these labels, n_labels)
            Probabilities, or their logarithms.
        """
        y = self._dataset.y
        inside = np.isin(y, self._audited)
        among = self._audited[p[:, self._audited].argmax(axis=1)]
        return float((among == y[inside]).mean())

    def _warn(
        self, runs: Mapping[str, RunFacts], confounds: Mapping[str, Any]
    ) -> str | None:
        """Return the warning that belongs to the best model, if there is one."""
        y = self._dataset.y
        baseline = float(np.bincount(y[np.isin(y, self._audited)]).max())
        baseline /= np.isin(y, self._audited).sum()
        best = max(
            runs.values(), key=lambda run: float(run.metrics["balanced_accuracy"])
        )
        if best.model == "majority":
            return None
        accuracy = best.metrics["audited_accuracy"]
        warning = warn_of_confounds(confounds, accuracy, baseline)
        return f"{best.model}: {warning}" if warning else None

    def _run_albums(self, name: str, metrics: Mapping[str, Any]) -> RunFacts:
        settings, data = self._settings, self._data

        def on_progress(stage: str, done: int, total: int) -> None:
            self._progress.tell(f"{name}: {stage}", done / max(total, 1))

        # Matrices of a hundred columns: handing them to threads takes longer than work.
        with threadpool_limits(1):
            evaluation = evaluate_album_model(
                name,
                data,
                AlbumSettings(
                    validation=settings.validation,
                    permutations=settings.permutations,
                    budget_s=settings.budget_s or _budget_s(data.library),
                    unknown_prior=settings.unknown_prior,
                    unknown_below=settings.unknown_below,
                ),
                seed=settings.seed,
                on_progress=on_progress,
            )
            known = np.flatnonzero(evaluation.left_out.is_known)
            inside = np.isin(self._dataset.y, self._audited)
            scores = evaluation.left_out.log_likelihoods[known[inside], :-1]
            scores = scores[:, evaluation.left_out.is_candidate]
            run = store_album_run(
                self._catalog,
                data,
                evaluation,
                settings,
                {**metrics, "audited_accuracy": self._audited_accuracy(scores)},
                on_progress=on_progress,
            )
        self._correct[run.id] = (
            evaluation.verdicts.closed[known] == evaluation.left_out.y[known]
        )
        if settings.matched:
            p = np.exp(evaluation.left_out.closed_log_proba(known))
            self._probabilities[name] = p[:, evaluation.left_out.is_candidate]
        return run

    def _run_windows(self, metrics: Mapping[str, Any]) -> dict[str, RunFacts]:
        settings, catalog = self._settings, self._catalog
        data = load_training_data(
            catalog,
            settings.rule,
            only=settings.only,
            slices=reads_slices(self._of_windows),
        )
        data = add_wanted_codec_pairs(catalog, data, wanted=settings.codec_robust)

        def on_progress(done: int, total: int, name: str) -> None:
            self._progress.tell_all(self._of_windows, done / max(total, 1), name)

        folds, evaluations = evaluate(
            data.dataset,
            self._of_windows,
            seed=settings.seed,
            validation=settings.validation,
            jobs=settings.jobs,
            on_progress=on_progress,
        )
        found = {}
        for name, one in evaluations.items():
            inside = np.isin(self._dataset.y, self._audited)
            audited = self._audited_accuracy(one.tracks[inside])
            more = {**metrics, "audited_accuracy": audited}
            run = store_evaluation(catalog, data, folds, one, settings, more)
            found[name] = run
            self._correct[run.id] = one.tracks.argmax(axis=1) == data.dataset.y
            self._probabilities[name] = one.tracks
        return found


def _budget_s(library: Library) -> float:
    """Return CPU seconds for judging albums and for chance, by the size of a library.

    What a user waits for: seconds for an afternoon's folder, minutes for 100 000.
    """
    return 3.5 + len(library.tracks) / 200.0
