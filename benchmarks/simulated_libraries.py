"""Libraries drawn from a hierarchical Gaussian with known parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

TRACES = (1.0, 0.6, 1.2)
DECAYS = (1.5, 1.0, 0.8)
"""Of B, A and T: total variance, and the power with which eigenvalues fall."""


@dataclass(frozen=True)
class Library:
    """Tracks with labels (artists) and groups (albums), and their true parameters."""

    X: Floats
    y: Integers
    groups: Integers
    mean: Floats
    label: Floats
    album: Floats
    track: Floats


@dataclass(frozen=True)
class Kind:
    """Size of a library.

    `singles` is the share of artists with one album, or None for two to five albums of
    each, where `albums` does not say how many; `tracks` are the fewest and the most of
    an album. With `near`, a trace, B is A but for that trace: no direction tells the
    artists better than it tells their albums.
    """

    n_artists: int
    tracks: tuple[int, int]
    n_columns: int = 60
    singles: float | None = 0.15
    albums: tuple[int, ...] | None = None
    near: float | None = None


KINDS = {
    "toy": Kind(5, (4, 6), albums=(2, 3, 3, 3, 3)),
    "100": Kind(100, (5, 14)),
    "800": Kind(800, (2, 6)),
    "3000": Kind(3000, (5, 16)),
    "single60": Kind(100, (3, 12), singles=0.84),
    "single101": Kind(100, (3, 12), n_columns=101, singles=0.84),
    "pair": Kind(2, (8, 12), 77, singles=None),
    "near-pair": Kind(2, (8, 12), 77, singles=None, near=0.4),
    "five": Kind(5, (8, 12), 77, singles=None),
    "near-five": Kind(5, (8, 12), 77, singles=None, near=0.4),
}


def draw_covariances(rng: np.random.Generator, kind: Kind) -> list[Floats]:
    """Draw B, A, T: spectra that decay, each turned its own way, so not commuting."""
    found, d = [], kind.n_columns
    for trace, decay in zip(TRACES, DECAYS, strict=True):
        values = np.arange(1, d + 1.0) ** -decay * np.exp(0.3 * rng.standard_normal(d))
        S = rng.standard_normal((d, d))
        Q = expm((S - S.T) / np.sqrt(8.0 * d))
        found.append((Q * (trace * values / values.sum())) @ Q.T)
    if kind.near is not None:
        found[0] = found[1] * (kind.near / TRACES[1])
    return found


def draw_albums(rng: np.random.Generator, kind: Kind) -> Integers:
    """Draw the number of albums of each artist."""
    if kind.albums is not None:
        return np.array(kind.albums)
    if kind.singles is None:
        return rng.integers(2, 6, kind.n_artists)
    if kind.singles > 0.5:
        n = round(kind.singles * kind.n_artists)
        more = rng.choice([2, 3, 4], kind.n_artists - n, p=[0.45, 0.35, 0.2])
        return np.concatenate([np.ones(n, dtype=np.intp), more])
    p = [0.15, 0.2, 0.25, 0.2, 0.12, 0.08]
    return rng.choice(np.arange(1, 7), kind.n_artists, p=p)


def draw_library(name: str, seed: int, tails: float | None = None) -> Library:
    """Draw a library; `tails` are degrees of freedom of Student's t for the tracks."""
    kind, rng = KINDS[name], np.random.default_rng(seed)
    B, A, T = draw_covariances(rng, kind)
    mean = rng.standard_normal(kind.n_columns)
    n_albums = draw_albums(rng, kind)
    label = np.repeat(np.arange(kind.n_artists), n_albums)
    sizes = rng.integers(kind.tracks[0], kind.tracks[1] + 1, len(label))
    groups = np.repeat(np.arange(len(label)), sizes)

    def normal(C: Floats, n: int) -> Floats:
        rows = rng.standard_normal((n, len(C)))
        return rows @ np.linalg.cholesky(C).T

    noise = normal(T, len(groups))
    if tails is not None:
        noise *= np.sqrt((tails - 2.0) / rng.chisquare(tails, len(groups)))[:, None]
    centres = mean + normal(B, kind.n_artists)[label] + normal(A, len(label))
    return Library(centres[groups] + noise, label[groups], groups, mean, B, A, T)
