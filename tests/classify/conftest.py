"""Small libraries with known answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import library as catalog_tracks
from catalog.records import (
    Analysis,
    FeatureSetFacts,
    Sequence,
    Stamp,
    StreamFacts,
    TagFacts,
    TrackScanned,
)
from catalog.records import (
    Windows as StoredWindows,
)
from catalog.schema import open_catalog
from catalog.store_scan import store_batch
from classify.arrays import Dataset, Windows
from scanner.features.definition import COLUMNS

NAMES = tuple(f"f{i}" for i in range(6))
FEATURES = FeatureSetFacts(1, NAMES, {"window_s": 30.0, "hop_s": 10.0})


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Dataset]:
    """Return a maker of datasets: labels told apart by the first features."""

    def make(
        *,
        labels: int = 3,
        albums: int = 4,
        tracks: int = 3,
        windows: int = 4,
        apart: float = 3.0,
        seed: int = 0,
    ) -> Dataset:
        rng = np.random.default_rng(seed)
        n = labels * albums * tracks
        y = np.repeat(np.arange(labels), albums * tracks)
        groups = np.repeat(np.arange(labels * albums), tracks)
        of_album = rng.normal(size=(labels * albums, len(NAMES)))
        of_track = rng.normal(scale=0.3, size=(n, len(NAMES)))
        track = np.repeat(np.arange(n), windows)
        X = (of_album[groups] + of_track)[track]
        X = X + rng.normal(scale=0.3, size=X.shape)
        X[np.arange(len(X)), y[track] % len(NAMES)] += apart
        slices = rng.normal(size=(len(X), 12, 52))
        for part in (y[track] % 12, 12 + y[track] % 12):
            slices[np.arange(len(X)), :, part] += apart
        return Dataset(
            Windows(X.astype(np.float32), track, n, slices.astype(np.float16)),
            y,
            groups,
            tuple(f"label {k}" for k in range(labels)),
        )

    return make


@pytest.fixture(scope="session")
def make_catalog(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a maker of catalogs from (tags, vectors, payload hash) a track."""

    def make(
        rows: list[tuple[TagFacts, Any]],
        *,
        path: Path | None = None,
        features: FeatureSetFacts = FEATURES,
        hashes: list[str] | None = None,
        silent: Callable[[int], bool] = lambda _: False,
    ) -> Path:
        path = path or tmp_path_factory.mktemp("catalog") / "catalog.db"
        with open_catalog(str(path)) as catalog:
            root = catalog_tracks.ensure_root(catalog, b"/music")
            catalog_tracks.ensure_feature_set(catalog, features)
            changes = []
            for i, (tags, given) in enumerate(rows):
                vectors = np.asarray(given, dtype=np.float32)
                n = len(vectors)
                analysis = Analysis(
                    feature_set=features,
                    status="ok",
                    duration_s=10.0 * n + 20.0,
                    windows=StoredWindows(
                        start_s=np.arange(n) * 10.0,
                        duration_s=np.full(n, 30.0),
                        silent=np.full(n, silent(i)),
                        columns={c: np.full(n, 0.5) for c in COLUMNS},
                        vectors=vectors,
                    ),
                    sequences=(
                        Sequence("chroma", 2.0, np.zeros((20 * n + 40, 12), "f2")),
                        Sequence("logmel", 2.0, np.zeros((20 * n + 40, 40), "f2")),
                    ),
                    loudness_lufs=-14.0,
                    decoder="libsndfile",
                )
                changes.append(
                    TrackScanned(
                        root.id,
                        f"{i:03}.mp3".encode(),
                        Stamp(1, 1),
                        hashes[i] if hashes else f"hash{i}",
                        tags,
                        StreamFacts(),
                        analysis,
                    )
                )
            store_batch(catalog, changes)
        return path

    return make


@pytest.fixture
def bands(
    make_dataset: Callable[..., Dataset], make_catalog: Callable[..., Path]
) -> Path:
    """Return a catalog of three bands with four albums each, 1984 to 1987."""
    return make_catalog(tagged(make_dataset()))


def tagged(dataset: Dataset, **more: Any) -> list[tuple[TagFacts, Any]]:
    """Return tags and vectors for the tracks of a dataset."""
    rows = []
    for t, (k, g) in enumerate(zip(dataset.y, dataset.groups, strict=True)):
        tags = TagFacts(
            title=f"song {t}",
            artists=(f"Band {k}",),
            albumartist=f"Band {k}",
            album=f"Album {g}",
            date=str(1984 + g % 4),
            genres=("rock" if k else "jazz",),
            **more,
        )
        rows.append((tags, dataset.windows.X[dataset.windows.track == t]))
    return rows


@pytest.fixture(name="tagged", scope="session")
def _tagged() -> Callable[..., list[tuple[TagFacts, Any]]]:
    return tagged
