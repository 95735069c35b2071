"""A catalog's health: its damage found and mended, its missing tracks, its size."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Inspector, delete, exists, inspect, select, text

from catalog.analyses import SEQUENCE, VECTOR, delete_unused_payloads
from catalog.database import Catalog, from_json
from catalog.exceptions import CatalogError
from catalog.model_base import Base
from catalog.models import Album, Artist, Genre, Track, TrackArtist, TrackGenre
from catalog.store_tags import chunks

_PAGE = 1000  # rows with blobs held in memory at a time


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of damage.

    Attributes
    ----------
    what : str
        What the rows in question are, or what is wrong with the file.
    table : str
        Where these rows are; empty where the file itself is damaged.
    ids : tuple of int
        The rows to remove, which is how it is repaired.
    """

    what: str
    table: str = ""
    ids: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return how many rows of what it is, in words."""
        return f"{len(self.ids)} {self.what}" if self.table else self.what


_LOOSE = (
    (
        "payloads",
        "audio that no track has any more",
        "SELECT id FROM payloads WHERE NOT EXISTS "
        "(SELECT 1 FROM tracks WHERE payload_id = payloads.id)",
    ),
    (
        "albums",
        "albums without a track",
        "SELECT id FROM albums WHERE NOT EXISTS "
        "(SELECT 1 FROM tracks WHERE album_id = albums.id)",
    ),
    (
        "genres",
        "genres without a track",
        "SELECT id FROM genres WHERE NOT EXISTS "
        "(SELECT 1 FROM track_genres WHERE genre_id = genres.id)",
    ),
    (
        "artists",
        "artists without a track",
        "SELECT id FROM artists WHERE NOT EXISTS "
        "(SELECT 1 FROM track_artists WHERE artist_id = artists.id) "
        "AND NOT EXISTS (SELECT 1 FROM tracks WHERE artist_id = artists.id)",
    ),
    (
        "analyses",
        "analyses without windows",
        "SELECT id FROM analyses WHERE status = 'ok' AND NOT EXISTS "
        "(SELECT 1 FROM windows WHERE analysis_id = analyses.id)",
    ),
)

_VECTORS = """
SELECT windows.id, windows.analysis_id, feature_sets.id, windows.vector FROM windows
JOIN analyses ON analyses.id = windows.analysis_id
JOIN feature_sets ON feature_sets.id = analyses.feature_set_id
WHERE windows.id > :after ORDER BY windows.id LIMIT :page
"""

_ANALYSES = "SELECT id FROM analyses WHERE id > :after ORDER BY id LIMIT :page"

_SEQUENCES = "SELECT steps, dims, data FROM sequences WHERE analysis_id = :number"

_ARTIFACTS = (
    "SELECT id, sha256 FROM artifacts WHERE id > :after ORDER BY id LIMIT :page"
)

_ARTIFACT = "SELECT data FROM artifacts WHERE id = :number"


def check(catalog: Catalog) -> Iterator[Finding]:
    """Yield everything that is wrong; nothing for a sound catalog.

    A damaged file ends the examination: what its rows say could not be trusted.
    """
    if catalog.path is not None:
        damage = _damage(catalog)
        if damage:
            yield Finding(f"the file is damaged: {damage}")
            return
        yield from _dangling_references(catalog)
    for table, what, query in _LOOSE:
        yield from _found(table, what, (row[0] for row in catalog.rows(query)))
    yield from _found("analyses", "analyses with damaged vectors", _vectors(catalog))
    yield from _found(
        "analyses", "analyses with damaged sequences", _sequences(catalog)
    )
    yield from _found("artifacts", "damaged models", _artifacts(catalog))


def _damage(catalog: Catalog) -> str:
    try:
        lines = [row[0] for row in catalog.rows("PRAGMA integrity_check")]
    except CatalogError as error:
        return str(error)
    return "" if lines == ["ok"] else "; ".join(lines[:3])


def _dangling_references(catalog: Catalog) -> Iterator[Finding]:
    dangling: dict[str, set[int]] = {}
    for table, row_id, *_ in catalog.rows("PRAGMA foreign_key_check"):
        dangling.setdefault(table, set()).add(row_id)
    for table, ids in dangling.items():
        yield from _found(table, f"rows of {table} that refer to nothing", ids)


def _vectors(catalog: Catalog) -> Iterator[int]:
    """Yield the analyses with a vector of a wrong length, or not finite."""
    widths = {
        number: len(from_json(names))
        for number, names in catalog.rows("SELECT id, names FROM feature_sets")
    }
    for _, analysis_id, feature_set_id, vector in _pages(catalog, _VECTORS):
        if not _is_vector(bytes(vector), widths[feature_set_id]):
            yield analysis_id


def _is_vector(packed: bytes, width: int) -> bool:
    if len(packed) != width * VECTOR.itemsize:
        return False
    return bool(np.isfinite(np.frombuffer(packed, VECTOR)).all())


def _sequences(catalog: Catalog) -> Iterator[int]:
    """Yield the analyses with a sequence that cannot be unpacked to its shape."""
    for (number,) in _pages(catalog, _ANALYSES):
        for steps, dims, data in catalog.rows(_SEQUENCES, number=number):
            try:
                size = len(zlib.decompress(bytes(data)))
            except zlib.error:
                size = -1
            if size != steps * dims * SEQUENCE.itemsize:
                yield number


def _artifacts(catalog: Catalog) -> Iterator[int]:
    """Yield the artifacts whose bytes are not those that were stored."""
    for number, sha256 in _pages(catalog, _ARTIFACTS):
        ((data,),) = catalog.rows(_ARTIFACT, number=number)
        if hashlib.sha256(bytes(data)).hexdigest() != sha256:
            yield number


def _found(table: str, what: str, ids: Iterable[int]) -> Iterator[Finding]:
    found = tuple(sorted(set(ids)))
    if found:
        yield Finding(what, table, found)


def _pages(catalog: Catalog, query: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query a page at a time, by the id in its first column."""
    after = 0
    while rows := catalog.rows(query, after=after, page=_PAGE):
        yield from rows
        after = rows[-1][0]


_PASSES = 5  # removing rows can leave others without a reason to be


def repair(catalog: Catalog) -> tuple[list[Finding], list[Finding]]:
    """Remove damaged and unused rows, rebuild damaged indexes.

    Returns
    -------
    mended, left : list of Finding
        What was repaired, and what a repair cannot help: then a backup must.
    """
    mended: list[Finding] = []
    left = list(check(catalog))
    for _ in range(_PASSES):
        if not left:
            break
        if any(not finding.table for finding in left) and not _reindex(catalog):
            break
        _remove(catalog, left)
        mended += left
        left = list(check(catalog))
    return mended, left


def _reindex(catalog: Catalog) -> bool:
    """Rebuild every index; tell whether that could be done."""
    try:
        catalog.execute("REINDEX")
    except CatalogError:
        return False
    return True


def _remove(catalog: Catalog, findings: Iterable[Finding]) -> None:
    # Rows without an id of their own are named by SQLite's row number.
    name = "id" if catalog.path is None else "rowid"
    with catalog.writing() as connection:
        for finding in findings:
            if finding.table:
                statement = text(
                    f"DELETE FROM {finding.table} WHERE {name} = :number"  # noqa: S608
                )
                connection.execute(statement, [{"number": n} for n in finding.ids])


@dataclass(frozen=True, slots=True)
class MissingTrack:
    """A track that has been missing for long."""

    id: int
    path_text: str
    missing_since: datetime


def missing_tracks(catalog: Catalog, before: datetime) -> list[MissingTrack]:
    """Return the tracks that have been missing since ``before`` or longer."""
    query = (
        select(Track.id, Track.path_text, Track.missing_since)
        .where(Track.missing_since <= before)
        .order_by(Track.path_text)
    )
    with catalog.reading() as connection:
        return [
            MissingTrack(number, path, since)
            for number, path, since in connection.execute(query)
            if since is not None
        ]


def prune(catalog: Catalog, tracks: Sequence[MissingTrack]) -> None:
    """Delete tracks with what is theirs alone: features, predictions, names.

    A track that has come back since it was listed stays.
    """
    with catalog.writing() as connection:
        for part in chunks([track.id for track in tracks]):
            gone = Track.id.in_(part) & Track.missing_since.is_not(None)
            connection.execute(delete(Track).where(gone))
        delete_unused_payloads(connection)
        _drop_names(connection)


def _drop_names(connection: Connection) -> None:
    uses: tuple[tuple[Any, tuple[Any, ...]], ...] = (
        (Album, (Track.album_id == Album.id,)),
        (Genre, (TrackGenre.genre_id == Genre.id,)),
        (Artist, (Track.artist_id == Artist.id, TrackArtist.artist_id == Artist.id)),
    )
    for table, conditions in uses:
        unused = [~exists().where(condition) for condition in conditions]
        connection.execute(delete(table).where(*unused))


def describe(catalog: Catalog) -> Iterator[str]:
    """Yield the lines that describe a catalog, views first: they are its face."""
    with catalog.reading() as connection:
        inspector = inspect(connection)
        for view in sorted(inspector.get_view_names()):
            yield f"view {view}"
            yield from _columns(inspector, view)
            yield ""
        for table in Base.metadata.sorted_tables:
            ((rows,),) = catalog.rows(f"SELECT count(*) FROM {table.name}")  # noqa: S608
            yield f"table {table.name}, {rows} rows: {_purpose(table.name)}"
            yield from _columns(inspector, table.name)
            yield ""


def _columns(inspector: Inspector, name: str) -> Iterator[str]:
    columns = inspector.get_columns(name)
    width = max(len(column["name"]) for column in columns)
    refers = _references(inspector, name)
    for column in columns:
        kind = str(column["type"]).lower()
        notes = [] if kind == "null" else [kind]  # a view's sums and means have none
        if column.get("primary_key"):
            notes.append("primary key")
        elif not column["nullable"]:
            notes.append("not null")
        if column["name"] in refers:
            notes.append(f"-> {refers[column['name']]}")
        yield f"    {column['name']:<{width}}  {', '.join(notes)}".rstrip()


def _references(inspector: Inspector, name: str) -> dict[str, str]:
    return {
        key["constrained_columns"][0]: (
            f"{key['referred_table']}.{key['referred_columns'][0]}"
        )
        for key in inspector.get_foreign_keys(name)
    }


def _purpose(table: str) -> str:
    """Return the first line of what the models say of a table."""
    for mapper in Base.registry.mappers:
        if mapper.class_.__tablename__ == table:
            return (mapper.class_.__doc__ or "").splitlines()[0]
    return ""
