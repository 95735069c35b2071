"""A catalog of any size, cloned from a scanned one with offsets.

    python benchmarks/clone_catalog.py SOURCE.db TARGET.db --tracks 10000 --artists 800

Every made track takes its facts, windows and (with --sequences) sequences from a track
of the source; its vectors are moved by an offset of its artist, of its album, of itself
and of each window, in units of the source's own standard deviation of each column. Most
artists have one album, as in real libraries (--singles). What it is for is cost:
accuracies on such a catalog say nothing about music.
"""

from __future__ import annotations

import argparse
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.analyses import statistics_row, window_statistics
from catalog.schema import open_catalog

SPREAD = {"artist": 1.0, "album": 0.7, "track": 1.0, "window": 0.5}
"""Standard deviations of the offsets, in those of the source's windows."""
BATCH = 500
"""Tracks for one insert."""
COLUMNS = (
    "tempo_bpm",
    "rms_mean",
    "rms_max",
    "rms_above_mean",
    "rms_crossings_per_s",
    "energy_changes_per_s",
    "energy_drops_per_s",
    "spectral_flatness",
    "spectral_centroid_hz",
    "zero_crossing_rate",
    "harmonic_fraction",
)


Row = dict[str, object]


@dataclass(frozen=True)
class Source:
    """What is cloned: rows of tracks and analyses by column, and their windows."""

    tracks: list[Row]
    analyses: list[Row]
    starts: list[NDArray[np.float64]]
    vectors: list[NDArray[np.float32]]
    columns: list[NDArray[np.float64]]
    sequences: list[list[tuple[object, ...]]]
    feature_set: tuple[object, ...]
    spread: NDArray[np.float64]


def load_source(path: Path) -> Source:
    """Read the tracks of a catalog that were analysed."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        (feature_set,) = db.execute(
            "SELECT * FROM feature_sets WHERE id = "
            "(SELECT feature_set_id FROM analyses WHERE variant = 'original' "
            "GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)"
        ).fetchall()
        analyses = db.execute(
            "SELECT * FROM analyses WHERE variant = 'original' AND status = 'ok' "
            "AND feature_set_id = ?",
            [feature_set["id"]],
        ).fetchall()
        tracks, kept, starts, vectors, columns, sequences = [], [], [], [], [], []
        for analysis in analyses:
            track = db.execute(
                "SELECT * FROM tracks WHERE payload_id = ? LIMIT 1",
                [analysis["payload_id"]],
            ).fetchone()
            rows = db.execute(
                "SELECT * FROM windows WHERE analysis_id = ? ORDER BY position",
                [analysis["id"]],
            ).fetchall()
            if track is None or not rows:
                continue
            tracks.append(dict(track))
            kept.append(dict(analysis))
            places = [(r["start_s"], r["duration_s"], r["silent"]) for r in rows]
            starts.append(np.array(places, float))
            vectors.append(np.array([np.frombuffer(r["vector"], "<f4") for r in rows]))
            columns.append(np.array([[r[c] for c in COLUMNS] for r in rows], float))
            found = db.execute(
                "SELECT kind, rate_hz, steps, dims, data FROM sequences "
                "WHERE analysis_id = ?",
                [analysis["id"]],
            )
            sequences.append([tuple(row) for row in found])
        spread = np.concatenate(vectors).std(axis=0, dtype=float)
        return Source(
            tracks,
            kept,
            starts,
            vectors,
            columns,
            sequences,
            tuple(feature_set),
            spread,
        )


def album_counts(
    artists: int, tracks: int, singles: float, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return how many albums each artist has: one for most, up to six for some."""
    counts = np.ones(artists, np.intp)
    several = rng.permutation(artists)[: max(2, round(artists * (1 - singles)))]
    counts[several] = rng.integers(2, 7, len(several))
    while counts.sum() > tracks // 2 and (counts > 2).any():
        counts[np.flatnonzero(counts > 2)[0]] -= 1
    return counts


def insert(db: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    """Insert rows of equal keys."""
    if rows:
        names = list(rows[0])
        marks = ", ".join("?" * len(names))
        quoted = ", ".join(f'"{name}"' for name in names)
        db.executemany(
            f"INSERT INTO {table} ({quoted}) VALUES ({marks})",
            [tuple(row[name] for name in names) for row in rows],
        )


class Maker:
    """Makes the rows of a cloned catalog.

    Parameters
    ----------
    source : Source
    tracks, artists : int
    singles : float
        Share of the artists that have one album.
    sequences : bool
        Copy chroma and log-mel, too: 60 kB a track.
    seed : int
    """

    def __init__(
        self,
        source: Source,
        *,
        tracks: int,
        artists: int,
        singles: float = 0.84,
        sequences: bool = False,
        seed: int = 0,
    ) -> None:
        self._rng = rng = np.random.default_rng(seed)
        self._source, self._sequences, self.tracks = source, sequences, tracks
        counts = album_counts(artists, tracks, singles, rng)
        self._artist_of = np.repeat(np.arange(artists), counts)
        n_albums, width = len(self._artist_of), len(source.spread)
        per_album = np.full(n_albums, tracks // n_albums)
        per_album[: tracks - per_album.sum()] += 1
        self._album_of = np.repeat(np.arange(n_albums), per_album)
        self._artist = rng.normal(0, SPREAD["artist"], (artists, width))
        self._album = rng.normal(0, SPREAD["album"], (n_albums, width))
        self._names = [f"Artist {n:05}" for n in range(artists)]
        self._windows = 0

    def artists(self) -> list[Row]:
        """Return the rows of the table of artists."""
        rows = enumerate(self._names, 1)
        return [{"id": n, "name": name, "key": name.lower()} for n, name in rows]

    def albums(self) -> list[Row]:
        """Return the rows of the table of albums."""
        rows: list[Row] = []
        for n, artist in enumerate(self._artist_of):
            name, title = self._names[artist], f"Album {n:05}"
            key = f"{name.lower()} | {title.lower()}"
            row = {"id": n + 1, "albumartist": name, "title": title, "key": key}
            rows.append({**row, "group_key": key})
        return rows

    def batch(self, first: int, stop: int) -> dict[str, list[Row]]:
        """Return the rows of the tracks from `first` to before `stop`, by table."""
        made: dict[str, list[Row]] = {
            table: [] for table in ("payloads", "tracks", "track_artists", "analyses")
        } | {"windows": [], "track_statistics": [], "sequences": []}
        for n in range(first, stop):
            which = int(self._rng.integers(len(self._source.tracks)))
            analysis = {"id": n + 1, "payload_id": n + 1}
            made["payloads"].append({"id": n + 1, "hash": f"{n + 1:032x}"})
            made["tracks"].append(self._track(n, which))
            artist = int(self._artist_of[self._album_of[n]])
            credit = {"track_id": n + 1, "position": 0, "artist_id": artist + 1}
            made["track_artists"].append(credit | {"credit": self._names[artist]})
            made["analyses"].append(self._source.analyses[which] | analysis)
            made["windows"] += (windows := self._windows_of(n, which))
            made["track_statistics"] += self._statistics_of(windows)
            if self._sequences:
                made["sequences"] += self._sequences_of(n, which)
        return made

    def _track(self, n: int, which: int) -> Row:
        album = int(self._album_of[n])
        artist = int(self._artist_of[album])
        name = self._names[artist]
        path = f"{name}/Album {album:05}/{n + 1:07}.mp3"
        return self._source.tracks[which] | {
            "id": n + 1,
            "root_id": 1,
            "path": path.encode(),
            "path_text": path,
            "payload_id": n + 1,
            "title": f"Track {n + 1}",
            "album": f"Album {album:05}",
            "albumartist": name,
            "is_grouped": True,
            "artist_id": artist + 1,
            "album_id": album + 1,
            "group_key": f"{name.lower()} | album {album:05}",
            "year": 1970 + album % 50,
            "missing_since": None,
        }

    def _windows_of(self, n: int, which: int) -> list[Row]:
        album = self._album_of[n]
        vectors = self._source.vectors[which]
        offset = self._artist[self._artist_of[album]] + self._album[album]
        offset = offset + self._rng.normal(0, SPREAD["track"], vectors.shape[1])
        each = self._rng.normal(0, SPREAD["window"], vectors.shape)
        moved = (vectors + self._source.spread * (offset + each)).astype("<f4")
        rows: list[Row] = []
        places, columns = self._source.starts[which], self._source.columns[which]
        for i, (place, values) in enumerate(zip(places, columns, strict=True)):
            self._windows += 1
            row = {"id": self._windows, "analysis_id": n + 1, "position": i}
            row |= {"start_s": place[0], "duration_s": place[1]}
            row["silent"] = bool(place[2])
            row |= dict(zip(COLUMNS, values.tolist(), strict=True))
            rows.append(row | {"vector": moved[i].tobytes()})
        return rows

    def _statistics_of(self, windows: list[Row]) -> list[Row]:
        heard = [window for window in windows if not window["silent"]]
        found = window_statistics(
            np.array([np.frombuffer(window["vector"], "<f4") for window in heard]),
            np.array([window["start_s"] for window in heard]),
            np.array([window["duration_s"] for window in heard]),
        )
        analysis_id = windows[0]["analysis_id"] if windows else 0
        return [] if found is None else [statistics_row(analysis_id, found)]

    def _sequences_of(self, n: int, which: int) -> list[Row]:
        names = ("kind", "rate_hz", "steps", "dims", "data")
        return [
            {"analysis_id": n + 1, **dict(zip(names, values, strict=True))}
            for values in self._source.sequences[which]
        ]


def clone(maker: Maker, feature_set: tuple[object, ...], target: Path) -> None:
    """Write the catalog `target`, which must not exist."""
    open_catalog(str(target)).close()
    marks = ", ".join("?" * len(feature_set))
    with closing(sqlite3.connect(target, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        root = {"id": 1, "path": b"/made", "label": "/made"}
        insert(db, "roots", [root | {"added_at": "2026-01-01 00:00:00.000000"}])
        db.execute(f"INSERT INTO feature_sets VALUES ({marks})", feature_set)
        insert(db, "artists", maker.artists())
        insert(db, "albums", maker.albums())
        for first in range(0, maker.tracks, BATCH):
            stop = min(first + BATCH, maker.tracks)
            for table, rows in maker.batch(first, stop).items():
                insert(db, table, rows)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--tracks", type=int, default=1000)
    parser.add_argument("--artists", type=int, default=100)
    parser.add_argument("--singles", type=float, default=0.84)
    parser.add_argument("--sequences", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    given = vars(parser.parse_args())
    start = time.perf_counter()
    source = load_source(given.pop("source"))
    target = given.pop("target")
    clone(Maker(source, **given), source.feature_set, target)
    print(
        f"{target}: {given['tracks']} tracks, {given['artists']} artists, "
        f"{target.stat().st_size / 2**20:.0f} MB in {time.perf_counter() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
