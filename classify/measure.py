"""The windows of a file that is not in the catalog, measured for a prediction."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.records import FeatureSetFacts
from classify.sequence_features import TrackSequences, usable_windows
from scanner.audio.decode import open_audio
from scanner.audio.payload import payload_hash
from scanner.exceptions import DecodeError, FeatureError
from scanner.features.definition import feature_set
from scanner.features.extractor import Extractor

GRID = 4
"""Windows are measured this many times as densely as the model was trained on.

Draws move by seconds; on the training grid of 10 s most of them would be the same.
"""

_ON_PROGRESS_EVERY_S = 0.25
_TOO_SHORT = "it is too short"
_SILENT = "it is silent from beginning to end"


@dataclass(frozen=True, eq=False)
class MeasuredFile:
    """The windows of a file, on a grid `GRID` times as dense as in training.

    Attributes
    ----------
    payload_hash : str
        Names the audio, whatever the tags say.
    duration_s : float
    start_s, window_s : float64, shape (n,)
    silent : bool, shape (n,)
    vectors : float32, shape (n, d)
    sequences : TrackSequences
    """

    payload_hash: str
    duration_s: float
    start_s: NDArray[np.float64]
    window_s: NDArray[np.float64]
    silent: NDArray[np.bool_]
    vectors: NDArray[np.float32]
    sequences: TrackSequences

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which windows a model may hear, shape (n,)."""
        return usable_windows(self.vectors, self.silent)


def current_features(trained: FeatureSetFacts) -> FeatureSetFacts:
    """Return the features that this program computes, in windows as a model's.

    A model refuses them where its own are of another version.
    """
    parameters = trained.parameters
    return feature_set(
        float(parameters["window_s"]),
        float(parameters["hop_s"]),
        parameters.get("band_limit_hz"),
    )


def measure_file(
    path: bytes,
    facts: FeatureSetFacts,
    *,
    max_audio_s: float = np.inf,
    on_progress: Callable[[float], None] = lambda _done_s: None,
) -> MeasuredFile:
    """Decode a file and extract the features of its windows.

    Parameters
    ----------
    path : bytes
    facts : FeatureSetFacts
        Of the windows that the model was trained on.
    max_audio_s : float
        A file that lasts longer is refused.
    on_progress : callable
        Called now and then with the seconds that are done.

    Raises
    ------
    ScannerError
        The file cannot be read, lasts too long, or holds too little to hear.
    """
    parameters = facts.parameters
    with open_audio(path) as audio:
        extractor = Extractor(
            audio.sample_rate,
            audio.channels,
            window_s=float(parameters["window_s"]),
            hop_s=float(parameters["hop_s"]) / GRID,
            band_limit_hz=parameters.get("band_limit_hz"),
        )
        samples, reported = 0, 0.0
        for block in audio.blocks():
            extractor.push(block)
            samples += len(block)
            done_s = samples / audio.sample_rate
            refuse_longer(done_s, max_audio_s)
            if time.monotonic() - reported > _ON_PROGRESS_EVERY_S:
                reported = time.monotonic()
                on_progress(done_s)
    extraction = extractor.finish()
    if extraction.status == "too_short":
        raise FeatureError("features", _TOO_SHORT)
    windows = extraction.windows
    kinds = {one.kind: one for one in extraction.sequences}
    measured = MeasuredFile(
        payload_hash(path),
        extraction.duration_s,
        windows.start_s,
        windows.duration_s,
        windows.silent,
        windows.vectors,
        TrackSequences(
            kinds["chroma"].values, kinds["logmel"].values, kinds["chroma"].rate_hz
        ),
    )
    if not measured.usable.any():
        raise FeatureError("features", _SILENT)
    return measured


def refuse_longer(seconds: float, most_s: float) -> None:
    """Raise DecodeError for audio of more than `most_s` seconds."""
    if seconds > most_s:
        raise DecodeError(f"it lasts longer than {most_s / 60:g} minutes")
