"""The same windows twice: as they are, and as a re-encoding left them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from catalog.datasets import load_library
from catalog.variants import variant_counts
from classify.dataset import Rows, heard_windows, usable
from classify.loading import loaded_sequences
from classify.sequences import sliced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from catalog.datasets import Library
    from catalog.session import Catalog
    from classify.refit import Studied
    from classify.sequences import TrackSequences


@dataclass(frozen=True, eq=False)
class Pairs:
    """The tracks of a problem that were also analysed as one variant.

    Attributes
    ----------
    variant : str
    tracks : intp, shape (n_tracks,), ascending
        Of the problem.
    original, coded : Rows
        Of these tracks; the same windows in the same order.
    """

    variant: str
    tracks: NDArray[np.intp]
    original: Rows
    coded: Rows

    def of_tracks(self, tracks: NDArray[np.intp]) -> Pairs:
        """Return the pairs of those of the problem's `tracks` that are here."""
        kept = np.flatnonzero(np.isin(self.tracks, tracks))
        return Pairs(
            self.variant,
            self.tracks[kept],
            self.original.of_tracks(kept),
            self.coded.of_tracks(kept),
        )


def all_pairs(catalog: Catalog, known: Studied) -> list[Pairs]:
    """Return the pairs of every variant that the catalog holds, by name."""
    number = known.library.feature_set_id
    slices = known.dataset.problem.rows.slices is not None
    originals = _windows(known.library, known.sequences, slices=slices)
    found = []
    for variant in variant_counts(catalog, number):
        library = load_library(catalog, number, variant=variant)
        if library is not None:
            sequences = loaded_sequences(catalog, library)
            coded = _windows(library, sequences, slices=slices)
            found.append(_paired(variant, known, originals, coded))
    return [pairs for pairs in found if len(pairs.tracks)]


@dataclass(frozen=True, eq=False)
class _Windows:
    """A track's windows by their start, in milliseconds."""

    starts: NDArray[np.int64]
    X: NDArray[np.float32]
    slices: NDArray[np.float16] | None


def _windows(
    library: Library, sequences: Mapping[int, TrackSequences], *, slices: bool
) -> dict[int, _Windows]:
    """Return the usable windows of each track, by the track's id."""
    rows = library.windows
    kept = np.flatnonzero(usable(rows))
    found = {}
    for i in np.unique(rows.track[kept]).tolist():
        mine = kept[rows.track[kept] == i]
        span = rows.start_s[mine], rows.duration_s[mine]
        X, _ = heard_windows(
            rows.vectors[mine], library.feature_set.names, *span, sequences.get(i)
        )
        cut = sliced(sequences[i], *span) if slices and i in sequences else None
        starts = np.round(1000 * rows.start_s[mine]).astype(np.int64)
        found[library.tracks[i].id] = _Windows(starts, X, cut)
    return found


def _paired(
    variant: str,
    known: Studied,
    originals: Mapping[int, _Windows],
    coded: Mapping[int, _Windows],
) -> Pairs:
    width = known.dataset.problem.rows.X.shape[1]
    tracks, one, other = [], [], []
    for i, track in enumerate(known.dataset.tracks):
        a, b = originals.get(track.id), coded.get(track.id)
        if a is None or b is None or {a.X.shape[1], b.X.shape[1]} != {width}:
            continue
        _, mine, theirs = np.intersect1d(a.starts, b.starts, return_indices=True)
        if len(mine):
            tracks.append(i)
            one.append((a, mine))
            other.append((b, theirs))
    return Pairs(
        variant, np.array(tracks, dtype=np.intp), _rows(one, width), _rows(other, width)
    )


def _rows(parts: list[tuple[_Windows, NDArray[np.intp]]], width: int) -> Rows:
    track = np.repeat(np.arange(len(parts)), [len(chosen) for _, chosen in parts])
    X = [windows.X[chosen] for windows, chosen in parts]
    cut = [w.slices[chosen] for w, chosen in parts if w.slices is not None]
    return Rows(
        np.concatenate(X) if X else np.zeros((0, width), np.float32),
        track.astype(np.intp),
        len(parts),
        np.concatenate(cut) if cut and len(cut) == len(parts) else None,
    )
