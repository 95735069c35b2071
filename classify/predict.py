"""Judge a file by a stored model: what the scanner hears, what the model says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from catalog.datasets import load_feature_set
from catalog.runs import load_model
from classify import model as artifacts
from classify.arrays import Rows
from classify.dataset import heard_windows
from classify.exceptions import NothingToReportError
from classify.model import UNKNOWN
from classify.runs import chosen_run
from classify.sequence_features import TrackSequences, sliced
from scanner.audio.decode import open_audio
from scanner.exceptions import FeatureError
from scanner.features.extractor import Extractor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.database import Catalog
    from catalog.records import FeatureSetFacts
    from catalog.runs import RunFacts
    from classify.model import Model
    from scanner.features.extractor import Extraction


_SILENT = "it is silent from beginning to end"
_NOTHING = {"too_short": "it is too short"}
"""Why there is nothing to hear, by the status of an analysis."""


@dataclass(frozen=True)
class Verdict:
    """What a model says of a file.

    Attributes
    ----------
    path : bytes
    label : str
        The most probable, or ``"unknown"``.
    ranked : tuple of (label, probability), the most probable first
    windows : int
        How many were heard.
    run : int
    """

    path: bytes
    label: str
    ranked: tuple[tuple[str, float], ...]
    windows: int
    run: int

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as values that JSON takes."""
        return {
            "path": os.fsdecode(self.path).encode("utf-8", "replace").decode(),
            "label": self.label,
            "probability": self.ranked[0][1],
            "probabilities": dict(self.ranked),
            "windows": self.windows,
            "run": self.run,
        }


@dataclass(frozen=True, eq=False)
class Judge:
    """A stored run, ready to hear files."""

    run: RunFacts
    model: Model
    facts: FeatureSetFacts

    @classmethod
    def of_run(cls, catalog: Catalog, run_id: int | None) -> Self:
        """Load a run's model, by default the newest run's.

        Raises
        ------
        NothingToReportError
            There is no run, or it kept no model.
        """
        run = chosen_run(catalog, run_id)
        stored = load_model(catalog, run.id)
        if stored is None:
            raise NothingToReportError(
                f"run {run.id} kept no model; run `classify --all` again"
            )
        facts = load_feature_set(catalog, run.feature_set_id)
        return cls(run, artifacts.load(stored.data), facts)

    def __call__(
        self, path: bytes, *, whole: bool, unknown_below: float | None, seed: int
    ) -> Verdict:
        """Return what the model says of the file at `path`.

        Raises
        ------
        ScannerError
            The file cannot be read, or holds too little to hear.
        """
        found = self._measured(path)
        windows = found.windows
        usable = ~windows.silent & np.isfinite(windows.vectors).all(axis=1)
        if not usable.any():
            raise FeatureError("features", _NOTHING.get(found.status, _SILENT))
        drawn = [np.flatnonzero(usable)]
        if not whole:
            hop_s = float(self.facts.parameters["hop_s"])
            places = windows.start_s, windows.duration_s
            drawn = draws(*places, usable, hop_s=hop_s, seed=seed)
        heard = np.concatenate(drawn)
        kinds = {one.kind: one for one in found.sequences}
        sequences = TrackSequences(
            kinds["chroma"].values, kinds["logmel"].values, kinds["chroma"].rate_hz
        )
        span = windows.start_s[heard], windows.duration_s[heard]
        described, _ = heard_windows(
            windows.vectors[heard], self.facts.names, *span, sequences
        )
        of = np.repeat(np.arange(len(drawn)), [len(one) for one in drawn])
        rows = Rows(described, of, len(drawn), sliced(sequences, *span))
        _, of_draws = self.model.judge(rows, self.facts)
        p = of_draws.mean(axis=0)
        order = np.argsort(-p, kind="stable")
        ranked = tuple((self.model.labels[k], float(p[k])) for k in order)
        threshold = unknown_below
        if threshold is None:
            threshold = self.run.parameters.get("unknown_below") or 0.0
        label = UNKNOWN if ranked[0][1] < threshold else ranked[0][0]
        return Verdict(path, label, ranked, len(np.unique(heard)), self.run.id)

    def _measured(self, path: bytes) -> Extraction:
        parameters = self.facts.parameters
        with open_audio(path) as audio:
            extractor = Extractor(
                audio.sample_rate,
                audio.channels,
                window_s=float(parameters["window_s"]),
                hop_s=float(parameters["hop_s"]),
                band_limit_hz=parameters.get("band_limit_hz"),
            )
            for block in audio.blocks():
                extractor.push(block)
        return extractor.finish()


DRAWS = 20
WINDOWS_PER_DRAW = 5
OFFSET_S = 15.0
"""A draw is moved by at most this much to either side."""


def draws(
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
        Distance between the windows of one draw, as the model was taught.
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
    chosen = []
    for offset in random.uniform(-OFFSET_S, OFFSET_S, DRAWS):
        wanted = middle_s + offset + places
        nearest = np.abs(centre_s[:, None] - wanted).argmin(axis=0)
        chosen.append(candidates[np.unique(nearest)])
    return chosen
