"""Prediction for a file that is not in the catalog, the same for command and page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.datasets import load_feature_set
from catalog.records import FeatureSetFacts
from catalog.runs import RunFacts, load_model
from classify.arrays import Windows
from classify.exceptions import NothingToReportError
from classify.measure import GRID, MeasuredFile, current_features
from classify.model import UNKNOWN, Model
from classify.model import load as load_artifact
from classify.sequence_features import cut_slices, describe_windows
from classify.stored_runs import select_run

DRAWS = 20
WINDOWS_PER_DRAW = 5
OFFSET_S = 15.0
"""A draw is moved by at most this much to either side."""

SEED = 0
"""Of the draws, for whoever names no other: the same file, the same answer."""


@dataclass(frozen=True, eq=False)
class FilePrediction:
    """The answer of a model to one file.

    Attributes
    ----------
    labels : tuple of str
        Of the model.
    probabilities : float64, shape (n_labels,)
    label : str
        The most probable, or ``"unknown"`` below the threshold.
    draws : float64, shape (DRAWS, n_labels)
        Probabilities of each draw of windows around the middle.
    seed : int
        Of the draws.
    n_windows : int
        How many distinct windows `probabilities` rest on.
    start_s, window_s : float64, shape (n,)
        Where the windows of the training grid begin, and how long they are.
    windows : float64, shape (n, n_labels)
        Their probabilities.
    run : RunFacts
    """

    labels: tuple[str, ...]
    probabilities: NDArray[np.float64]
    label: str
    draws: NDArray[np.float64]
    seed: int
    n_windows: int
    start_s: NDArray[np.float64]
    window_s: NDArray[np.float64]
    windows: NDArray[np.float64]
    run: RunFacts

    @property
    def best(self) -> int:
        """Index of the most probable label."""
        return int(self.probabilities.argmax())

    @property
    def ranked(self) -> tuple[tuple[str, float], ...]:
        """Labels with their probabilities, the most probable first."""
        order = np.argsort(-self.probabilities, kind="stable")
        return tuple((self.labels[k], float(self.probabilities[k])) for k in order)


@dataclass(frozen=True, eq=False)
class Predictor:
    """A stored run with its model.

    Attributes
    ----------
    facts : FeatureSetFacts
        Of what a file is measured by: this program's features in the run's windows.
    """

    run: RunFacts
    model: Model
    facts: FeatureSetFacts


def load_predictor(catalog: Catalog, run_id: int | None) -> Predictor:
    """Load a run's model, by default the newest run's.

    Raises
    ------
    NothingToReportError
        There is no run, or it kept no model.
    UntrustedArtifactError
        The stored model cannot be read.
    """
    run = select_run(catalog, run_id)
    stored = load_model(catalog, run.id)
    if stored is None:
        raise NothingToReportError(
            f"run {run.id} kept no model; run `classify --all` again"
        )
    trained = load_feature_set(catalog, run.feature_set_id)
    return Predictor(run, load_artifact(stored), current_features(trained))


def predict_file(
    measured: MeasuredFile,
    predictor: Predictor,
    *,
    whole: bool = False,
    unknown_below: float | None = None,
    seed: int = SEED,
) -> FilePrediction:
    """Say which label a measured file sounds like.

    Parameters
    ----------
    measured : MeasuredFile
    predictor : Predictor
    whole : bool
        Hear all windows of the training grid; else the mean over `DRAWS` draws of
        `WINDOWS_PER_DRAW` windows around the middle.
    unknown_below : float or None
        Say unknown when the best label is less probable; None: the run's threshold.
    seed : int
        Of the draws.

    Raises
    ------
    FeatureSetMismatchError
        The model was trained on other features.
    """
    model, facts, run = predictor.model, predictor.facts, predictor.run
    usable = measured.usable
    hop_s = float(facts.parameters["hop_s"])
    drawn = draw_windows(
        measured.start_s, measured.window_s, usable, hop_s=hop_s, seed=seed
    )
    regular = np.flatnonzero(usable & (np.arange(len(usable)) % GRID == 0))
    if not len(regular):  # what can be heard lies between the grid's windows
        regular = np.flatnonzero(usable)
    X, slices = _rows_of(measured, model, facts)
    _, of_draws = model.predict_proba(_grouped(X, slices, drawn), facts)
    of_windows, of_whole = model.predict_proba(_grouped(X, slices, [regular]), facts)
    p = of_whole[0] if whole else of_draws.mean(axis=0)
    best = int(p.argmax())
    p_none = 1.0 - float(p.sum())  # above rounding for models that know "none of them"
    threshold = unknown_below
    if threshold is None:
        threshold = run.parameters.get("unknown_below") or 0.0
    heard = [regular] if whole else drawn
    return FilePrediction(
        labels=model.labels,
        probabilities=p,
        label=UNKNOWN if p[best] < max(threshold, p_none) else model.labels[best],
        draws=of_draws,
        seed=seed,
        n_windows=len(np.unique(np.concatenate(heard))),
        start_s=measured.start_s[regular],
        window_s=measured.window_s[regular],
        windows=of_windows,
        run=run,
    )


def draw_windows(
    start_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    usable: NDArray[np.bool_],
    *,
    hop_s: float,
    seed: int,
) -> list[NDArray[np.intp]]:
    """Draw windows around the middle of a track, `DRAWS` times.

    Parameters
    ----------
    start_s, duration_s : float64, shape (n,)
        Windows on a fine grid, ascending.
    usable : bool, shape (n,)
        Which of them a model may hear.
    hop_s : float
        Distance between the windows of one draw, as in training.
    seed : int

    Returns
    -------
    list of intp, shape (1 to WINDOWS_PER_DRAW,)
        Indices of each draw, ascending; empty where no window is usable. On a track
        that is too short to move about in, all draws are the same.
    """
    candidates = np.flatnonzero(usable)
    if not len(candidates):
        return []
    centre_s = (start_s + duration_s / 2)[candidates]
    middle_s = float(start_s[0] + (start_s[-1] + duration_s[-1] - start_s[0]) / 2)
    places = (np.arange(WINDOWS_PER_DRAW) - (WINDOWS_PER_DRAW - 1) / 2) * hop_s
    random = np.random.default_rng(seed)
    drawn = []
    for offset in random.uniform(-OFFSET_S, OFFSET_S, DRAWS):
        wanted = middle_s + offset + places
        nearest = np.abs(centre_s[:, None] - wanted).argmin(axis=0)
        drawn.append(candidates[np.unique(nearest)])
    return drawn


def _rows_of(
    measured: MeasuredFile, model: Model, facts: FeatureSetFacts
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Return the columns that the model takes, and the slices of the sequences."""
    span = measured.start_s, measured.window_s
    names = tuple(facts.names)
    X, columns = describe_windows(measured.vectors, names, *span, measured.sequences)
    # A model may read fewer: trained where no sequences were stored, or of means.
    place = {name: i for i, name in enumerate(columns)}
    some = [place[name] for name in model.columns if name in place]
    return X[:, some], cut_slices(measured.sequences, *span)


def _grouped(
    X: NDArray[np.float32],
    slices: NDArray[np.float16],
    groups: list[NDArray[np.intp]],
) -> Windows:
    """Return windows as a model takes them, each group as if it were a track."""
    chosen = np.concatenate(groups)
    return Windows(
        X=X[chosen],
        track=np.repeat(np.arange(len(groups)), [len(group) for group in groups]),
        n_tracks=len(groups),
        slices=slices[chosen],
    )
