"""Turn the frames of one window into its named columns and its series' statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scanner.features import banks
from scanner.features.definition import (
    ENERGY_CHANGE,
    HOP_LENGTH,
    N_CONTRAST,
    N_MELS,
    REFERENCE_LUFS,
    SERIES,
    SILENCE_DBFS,
    SR,
)
from scanner.features.frames import Frames
from scanner.features.tempo import tempo

_TOP_DB = 80.0
_ONSET_DELAY = 3  # one frame of lag and half a frame of n_fft, in hops
_DCT = banks.dct().T.copy()
_MFCC_0_PER_DB = float(np.sqrt(N_MELS))
_SILENCE = 10.0 ** (SILENCE_DBFS / 20.0)


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """One window.

    Attributes
    ----------
    start_s, duration_s : float
    silent : bool
    columns : shape (11,), in the order of ``definition.COLUMNS``
    mean, std : shape (45,), in the order of ``definition.SERIES``
    """

    start_s: float
    duration_s: float
    silent: bool
    columns: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]


def onset_strength(mel_db: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the onset strength of each frame, shape (n,), from clamped decibels."""
    rise = np.maximum(mel_db[1:] - mel_db[:-1], 0.0).mean(axis=1)
    onset = np.zeros(mel_db.shape[0], np.float32)
    onset[_ONSET_DELAY:] = rise[: max(onset.shape[0] - _ONSET_DELAY, 0)]
    return onset


def dynamics(rms: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return how the level moves around its mean.

    Parameters
    ----------
    rms : shape (n,)
        Frame RMS.

    Returns
    -------
    above : float
        Fraction of frames above the mean.
    crossings, changes, drops : float
        Per second: crossings of the mean; jumps from one frame to the next by more
        than ``ENERGY_CHANGE`` times the mean; the falling ones among these.
    """
    seconds = rms.size * HOP_LENGTH / SR
    mean = rms.mean()
    above = rms > mean
    jumps = np.diff(rms)
    limit = ENERGY_CHANGE * mean
    crossings = np.count_nonzero(above[1:] != above[:-1])
    changes = np.count_nonzero(np.abs(jumps) > limit)
    drops = np.count_nonzero(jumps < -limit)
    return (
        float(above.mean()),
        crossings / seconds,
        changes / seconds,
        drops / seconds,
    )


def _clamped(db: NDArray[np.float32]) -> NDArray[np.float32]:
    clamped: NDArray[np.float32] = np.maximum(db, db.max() - np.float32(_TOP_DB))
    return clamped


def summarise(frames: Frames, start_s: float, duration_s: float) -> Summary:
    """Summarise the frames whose centres lie inside a window."""
    mel_db = _clamped(frames.mel_db)
    onset = onset_strength(mel_db)
    series = np.concatenate(
        [
            mel_db @ _DCT,
            _clamped(frames.contrast_db[:, :N_CONTRAST])
            - _clamped(frames.contrast_db[:, N_CONTRAST:]),
            frames.shape,
            frames.level[:, 1:],
            onset[:, None],
            frames.chroma,
        ],
        axis=1,
        dtype=np.float64,
    )
    mean = series.mean(axis=0)
    std = series.std(axis=0)
    rms = frames.level[:, 0].astype(np.float64)
    loudest = float(rms.max())
    harmonic, percussive = frames.energy.sum(axis=0, dtype=np.float64)
    total = harmonic + percussive
    columns = np.array(
        [
            tempo(onset),
            rms.mean(),
            loudest,
            *dynamics(rms),
            mean[SERIES.index("flatness")],
            mean[SERIES.index("centroid")],
            mean[SERIES.index("zcr")],
            harmonic / total if total > 0.0 else 0.5,
        ]
    )
    return Summary(start_s, duration_s, loudest < _SILENCE, columns, mean, std)


def vector(summary: Summary, loudness_lufs: float) -> NDArray[np.float32]:
    """Return the feature vector, as if the track had the reference loudness.

    Parameters
    ----------
    summary : Summary
    loudness_lufs : float
        The whole track's integrated loudness.
    """
    gain_db = REFERENCE_LUFS - loudness_lufs
    columns, mean = summary.columns.copy(), summary.mean.copy()
    columns[1:3] *= 10.0 ** (gain_db / 20.0)  # rms_mean, rms_max
    mean[0] += gain_db * _MFCC_0_PER_DB  # mfcc_00_mean
    return np.concatenate([columns, mean, summary.std]).astype(np.float32)
