"""A library's windows and sequences as arrays, with the facts of their tracks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.analyses import unpack_sequence, unpack_vectors
from catalog.database import Catalog, from_json
from catalog.names import fold
from catalog.records import FeatureSetFacts, Sequence


@dataclass(frozen=True, slots=True)
class TrackRow:
    """A track that is present and analysed, with what a label could be made of.

    `artist` is whom it is filed under; artists are named as they are mostly spelled.
    """

    id: int
    path_text: str
    payload_hash: str
    group_key: str
    title: str | None
    artist: str | None
    artists: tuple[str, ...]
    album_id: int | None
    album: str | None
    year: int | None
    genres: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class WindowRows:
    """The windows of some tracks, as parallel arrays of length n.

    Attributes
    ----------
    track : intp, shape (n,), ascending
        Index into the tracks that they were loaded with.
    window_id : int64, shape (n,)
        Tracks with the same audio share their windows.
    start_s, duration_s : float64, shape (n,)
    silent : bool, shape (n,)
    vectors : float32, shape (n, d)
    """

    track: NDArray[np.intp]
    window_id: NDArray[np.int64]
    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    silent: NDArray[np.bool_]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """All present tracks that are analysed under one feature set.

    Attributes
    ----------
    variant : str
        ``"original"``, or the re-encoding of the tracks that was analysed.
    feature_set_id : int
    feature_set : FeatureSetFacts
    tracks : tuple of TrackRow, by path
    windows : WindowRows
    elsewhere : int
        Present tracks that are left out, being analysed under another set only.
    unanalysed : int
        Present tracks that have no analysis at all.
    """

    feature_set_id: int
    feature_set: FeatureSetFacts
    tracks: tuple[TrackRow, ...]
    windows: WindowRows
    elsewhere: int
    unanalysed: int
    variant: str = "original"


def load_library(
    catalog: Catalog,
    feature_set_id: int | None = None,
    *,
    variant: str = "original",
    with_windows: bool = True,
) -> Library | None:
    """Load a library's tracks under one feature set, and their windows.

    Parameters
    ----------
    catalog : Catalog
    feature_set_id : int or None
        None takes the set that most tracks are analysed under, of equals the newest.
    variant : str
        A re-encoding, to load the tracks that were also analysed as that.
    with_windows : bool
        Else no window is loaded, which takes a twentieth of the time and memory.

    Returns
    -------
    Library or None
        None where no present track is analysed.
    """
    counts: Counter[int] = Counter()
    unanalysed = 0
    for number, tracks in catalog.rows(_COUNTS, variant=variant):
        if number is None:
            unanalysed = tracks
        else:
            counts[number] = tracks
    if feature_set_id is None:
        if not counts:
            return None
        feature_set_id = max(counts, key=lambda number: (counts[number], number))
    facts = load_feature_set(catalog, feature_set_id)
    tracks = _tracks(catalog, feature_set_id, variant)
    return Library(
        feature_set_id=feature_set_id,
        feature_set=facts,
        tracks=tracks,
        windows=_windows(catalog, feature_set_id, variant, tracks, len(facts.names))
        if with_windows
        else _no_windows(len(facts.names)),
        elsewhere=counts.total() - counts[feature_set_id],
        unanalysed=unanalysed,
        variant=variant,
    )


def load_feature_set(catalog: Catalog, feature_set_id: int) -> FeatureSetFacts:
    """Return the identity of a stored feature set."""
    ((version, names, parameters),) = catalog.rows(
        "SELECT version, names, parameters FROM feature_sets WHERE id = :id",
        id=feature_set_id,
    )
    return FeatureSetFacts(version, tuple(from_json(names)), from_json(parameters))


def track_sequences(
    catalog: Catalog, library: Library
) -> Iterator[tuple[int, dict[str, Sequence]]]:
    """Yield the sequences of each track of `library`, by kind, one track at a time.

    Yields
    ------
    index : int
        Of the track in ``library.tracks``; tracks without sequences are passed over.
    sequences : dict of str to Sequence
    """
    for index, track in enumerate(library.tracks):
        rows = catalog.rows(
            _SEQUENCES,
            number=library.feature_set_id,
            variant=library.variant,
            track_id=track.id,
        )
        if rows:
            yield (
                index,
                {
                    kind: Sequence(kind, rate_hz, unpack_sequence(data, steps, dims))
                    for kind, rate_hz, steps, dims, data in rows
                },
            )


def tag_values(catalog: Catalog, name: str) -> dict[int, str]:
    """Return the first value of a tag by track, as read from the files.

    Parameters
    ----------
    catalog : Catalog
    name : str
        As the file has it, in any case: ``MOOD``, ``TXXX:MOOD``; without a prefix a
        name is found behind any.
    """
    wanted = fold(name)
    found: dict[int, str] = {}
    rows = catalog.rows(
        "SELECT track_id, key, value FROM raw_tags ORDER BY track_id, position"
    )
    for track_id, key, value in rows:
        folded = fold(key)
        if (folded == wanted or folded.endswith(f":{wanted}")) and value.strip():
            found.setdefault(track_id, value)
    return found


FROM_PRESENT = """
    FROM tracks
    JOIN payloads ON payloads.id = tracks.payload_id
    JOIN analyses ON analyses.payload_id = payloads.id
        AND analyses.variant = :variant AND analyses.feature_set_id = :number
"""

IN_ORDER = """
    WHERE tracks.missing_since IS NULL
    ORDER BY tracks.root_id, tracks.path
"""

_ARTISTS = """
    SELECT track_artists.track_id, artists.name FROM track_artists
    JOIN artists ON artists.id = track_artists.artist_id
    ORDER BY track_artists.track_id, track_artists.position
"""

_GENRES = """
    SELECT track_genres.track_id, genres.name FROM track_genres
    JOIN genres ON genres.id = track_genres.genre_id
    ORDER BY track_genres.track_id, track_genres.position
"""

_TRACKS = f"""
    SELECT tracks.id, tracks.path_text, payloads.hash, tracks.group_key, tracks.title,
        (SELECT artists.name FROM artists WHERE artists.id = tracks.artist_id),
        tracks.album_id,
        (SELECT albums.title FROM albums WHERE albums.id = tracks.album_id), tracks.year
    {FROM_PRESENT}
    {IN_ORDER}
"""  # noqa: S608 (constants only)

_WINDOWS = f"""
    SELECT tracks.id, windows.id, windows.start_s, windows.duration_s, windows.silent,
        windows.vector
    {FROM_PRESENT}
    JOIN windows ON windows.analysis_id = analyses.id
    {IN_ORDER}, windows.position
"""

_SEQUENCES = f"""
    SELECT sequences.kind, sequences.rate_hz, sequences.steps, sequences.dims,
        sequences.data
    {FROM_PRESENT}
    JOIN sequences ON sequences.analysis_id = analyses.id
    WHERE tracks.id = :track_id
"""

_COUNTS = """
    SELECT analyses.feature_set_id, count(*) FROM tracks
    LEFT JOIN analyses ON analyses.payload_id = tracks.payload_id
        AND analyses.variant = :variant
    WHERE tracks.missing_since IS NULL
    GROUP BY analyses.feature_set_id
"""


def _tracks(
    catalog: Catalog, feature_set_id: int, variant: str
) -> tuple[TrackRow, ...]:
    artists = _names(catalog.rows(_ARTISTS))
    genres = _names(catalog.rows(_GENRES))
    rows = catalog.rows(_TRACKS, number=feature_set_id, variant=variant)
    return tuple(
        TrackRow(
            id=number,
            path_text=path,
            payload_hash=payload,
            group_key=group,
            title=title,
            artist=artist,
            artists=artists.get(number, ()),
            album_id=album_id,
            album=album,
            year=year,
            genres=genres.get(number, ()),
        )
        for number, path, payload, group, title, artist, album_id, album, year in rows
    )


def _names(rows: Iterable[tuple[Any, ...]]) -> dict[int, tuple[str, ...]]:
    names: dict[int, tuple[str, ...]] = {}
    for track_id, name in rows:
        names[track_id] = (*names.get(track_id, ()), name)
    return names


def _windows(
    catalog: Catalog,
    feature_set_id: int,
    variant: str,
    tracks: tuple[TrackRow, ...],
    width: int,
) -> WindowRows:
    rows = catalog.rows(_WINDOWS, number=feature_set_id, variant=variant)
    index = {track.id: i for i, track in enumerate(tracks)}
    columns = list(zip(*rows, strict=True)) or [()] * 6
    return WindowRows(
        track=np.array([index[number] for number in columns[0]], dtype=np.intp),
        window_id=np.array(columns[1], dtype=np.int64),
        start_s=np.array(columns[2], dtype=np.float64),
        duration_s=np.array(columns[3], dtype=np.float64),
        silent=np.array(columns[4], dtype=bool),
        vectors=unpack_vectors(list(columns[5]), width),
    )


def _no_windows(width: int) -> WindowRows:
    none = np.zeros(0)
    return WindowRows(
        none.astype(np.intp),
        none.astype(np.int64),
        none,
        none,
        none.astype(bool),
        np.zeros((0, width), np.float32),
    )
