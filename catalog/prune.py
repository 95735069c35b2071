"""The only thing that deletes: tracks that have been missing for long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, select

from catalog.analyses import drop_unused
from catalog.models.library import Album, Artist, Genre, Track, TrackArtist, TrackGenre
from catalog.shared_rows import chunks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from catalog.database import Catalog


@dataclass(frozen=True, slots=True)
class LostTrack:
    """A track that has been missing for long."""

    id: int
    path_text: str
    missing_since: datetime


def lost_tracks(catalog: Catalog, before: datetime) -> list[LostTrack]:
    """Return the tracks that have been missing since ``before`` or longer."""
    query = (
        select(Track.id, Track.path_text, Track.missing_since)
        .where(Track.missing_since <= before)
        .order_by(Track.path_text)
    )
    with catalog.reading() as connection:
        return [
            LostTrack(number, path, since)
            for number, path, since in connection.execute(query)
            if since is not None
        ]


def prune(catalog: Catalog, lost: Sequence[LostTrack]) -> None:
    """Delete tracks with what is theirs alone: features, predictions, names.

    A track that has come back since it was listed stays.
    """
    with catalog.writing() as connection:
        for part in chunks([track.id for track in lost]):
            gone = Track.id.in_(part) & Track.missing_since.is_not(None)
            connection.execute(delete(Track).where(gone))
        drop_unused(connection)
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
