"""Signals, the engine, and librosa's answers for the same windows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.records import Analysis
from scanner.audio.decode import open_audio
from scanner.features.definition import (
    HOP_LENGTH,
    N_BINS,
    SERIES,
    SR,
    contrast_bands,
)
from scanner.features.extractor import Extractor

Signal = NDArray[np.float32]
Measure = Callable[..., Analysis]


def _measure(
    samples: Signal, sr: int = SR, *, blocks: list[int] | None = None, **windows: float
) -> Analysis:
    """Run the engine over ``samples`` (n,) or (n, channels), in blocks if given."""
    samples = samples if samples.ndim == 2 else samples[:, None]
    extractor = Extractor(sr, samples.shape[1], **windows)
    for part in np.split(samples, np.cumsum(blocks or [])):
        extractor.push(part)
    return extractor.finish()


@pytest.fixture(scope="session")
def measure() -> Measure:
    return _measure


def _window(
    S: NDArray[np.float64],
    zcr: NDArray[np.float64],
    rms: NDArray[np.float64],
    bins: int,
) -> tuple[dict[str, float], NDArray[np.float64]]:
    """Return librosa's columns and series of the frames of one window.

    Bins from ``bins`` on are empty.
    """
    contrast = librosa.feature.spectral_contrast(S=S, sr=SR)
    for k, band in enumerate(contrast_bands()):
        contrast[k] *= band.stop <= bins
    mel = librosa.feature.melspectrogram(S=S**2, sr=SR)
    db = librosa.power_to_db(mel)
    onset = librosa.onset.onset_strength(S=db, sr=SR)
    series = np.concatenate(
        [
            librosa.feature.mfcc(S=db, n_mfcc=20),
            contrast,
            librosa.feature.spectral_bandwidth(S=S, sr=SR),
            librosa.feature.spectral_rolloff(S=S, sr=SR),
            librosa.feature.spectral_flatness(S=S[:bins]),
            librosa.feature.spectral_centroid(S=S, sr=SR),
            zcr,
            onset[None],
            librosa.feature.chroma_stft(S=S**2, sr=SR, tuning=0.0),
        ]
    )
    mean = dict(zip(SERIES, series.mean(axis=1), strict=True))
    columns = {
        "tempo_bpm": float(librosa.feature.tempo(onset_envelope=onset, sr=SR)[0]),
        "rms_mean": rms.mean(),
        "rms_max": rms.max(),
        "spectral_flatness": mean["flatness"],
        "spectral_centroid_hz": mean["centroid"],
        "zero_crossing_rate": mean["zcr"],
    }
    return columns, series


class Reference:
    """What librosa says, in double precision, of each window that the engine found."""

    def __init__(
        self, samples: Signal, sr: int, found: Analysis, bins: int = N_BINS
    ) -> None:
        y = samples.reshape(samples.shape[0], -1).mean(axis=1, dtype=np.float32)
        if sr != SR:
            y = librosa.resample(y, orig_sr=sr, target_sr=SR)
        wide = y.astype(np.float64)
        S = np.abs(librosa.stft(wide))
        S[bins:] = 0.0
        H, P = librosa.decompose.hpss(S)
        zcr = librosa.feature.zero_crossing_rate(wide)
        rms = librosa.feature.rms(y=wide)
        self.columns: list[dict[str, float]] = []
        self.mean: list[NDArray[np.float64]] = []
        self.std: list[NDArray[np.float64]] = []
        windows = found.windows
        for start, length in zip(windows.start_s, windows.duration_s, strict=True):
            ends = np.array([start, start + length]) * SR / HOP_LENGTH
            part = slice(*np.ceil(ends.round(6)).astype(int))
            columns, series = _window(S[:, part], zcr[:, part], rms[:, part], bins)
            h, p = (H[:, part] ** 2).sum(), (P[:, part] ** 2).sum()
            columns["harmonic_fraction"] = h / (h + p) if h + p else 0.5
            self.columns.append(columns)
            self.mean.append(series.mean(axis=1))
            self.std.append(series.std(axis=1))


@pytest.fixture(scope="session")
def reference() -> Callable[[Signal, int, Analysis], Reference]:
    return Reference


def _decoded(path: Path, seconds: float) -> tuple[Signal, int]:
    """Return the first seconds of a file, and its rate."""
    with open_audio(os.fsencode(path)) as audio:
        wanted, parts = int(seconds * audio.sample_rate), []
        for block in audio.blocks():
            parts.append(block.copy())
            wanted -= block.shape[0]
            if wanted <= 0:
                break
        return np.concatenate(parts)[: int(seconds * audio.sample_rate)], (
            audio.sample_rate
        )


@pytest.fixture(scope="session")
def decoded() -> Callable[[Path, float], tuple[Signal, int]]:
    return _decoded


@pytest.fixture(scope="session")
def make() -> Callable[..., Signal]:
    """Return a maker of named signals, mono, -12 dBFS or so."""

    def build(name: str, seconds: float = 6.0, sr: int = SR) -> Signal:
        t = np.arange(int(seconds * sr)) / sr
        noise = np.random.default_rng(7).standard_normal(t.size)
        step = np.zeros(t.size)
        step[t.size // 2 : t.size // 2 + 1] = 1.0
        signals = {
            "tone": 0.25 * np.sin(2 * np.pi * 440.0 * t),
            "chirp": 0.25 * np.sin(2 * np.pi * (100.0 * t + 300.0 * t**2)),
            "noise": 0.1 * noise,
            "clicks": np.where((t * 2.0) % 1.0 < 1.0 / sr, 0.9, 0.0) + 1e-4 * noise,
            "click": 0.9 * step,
            "music": 0.2 * np.sin(2 * np.pi * 220 * t) * (1 + np.sin(6.28 * 2 * t))
            + 0.05 * noise * (t % 0.5 < 0.05),
            "clipped": np.clip(3.0 * np.sin(2 * np.pi * 300 * t), -1.0, 1.0),
            "dc": 0.3 + 0.01 * noise,
            "faint": 1e-5 * noise,
        }
        return signals[name].astype(np.float32)

    return build
