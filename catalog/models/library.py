"""What the file system and the tags say: roots, tracks, albums, artists, failures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from catalog.models.base import Base

_PRESENT = text("missing_since IS NULL")


class Root(Base):
    """A scanned folder; the paths of its tracks are relative to it."""

    __tablename__ = "roots"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    label: Mapped[str]
    added_at: Mapped[datetime]


class Payload(Base):
    """The audio inside a file, without its tags; duplicates share one."""

    __tablename__ = "payloads"

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(128), unique=True)


class Artist(Base):
    """A name as first seen; spellings that differ in case or spaces share the key."""

    __tablename__ = "artists"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)


class Genre(Base):
    """A genre as first seen; spellings that differ in case or spaces share the key."""

    __tablename__ = "genres"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)


class Album(Base):
    """An album with its discs joined; editions of one album share the group key."""

    __tablename__ = "albums"

    id: Mapped[int] = mapped_column(primary_key=True)
    albumartist: Mapped[str | None]
    title: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    group_key: Mapped[str] = mapped_column(index=True)


class Track(Base):
    """A file of a library, with what its tags and headers say.

    A missing track keeps its row. Its place may meanwhile be taken by another file,
    which is why a path is unique only among the tracks that are there. (PostgreSQL's
    index holds a hash of the path: a row of it has room for 2 700 bytes only.)
    """

    __tablename__ = "tracks"
    __table_args__ = (
        Index(
            "uq_tracks_place",
            "root_id",
            "path",
            unique=True,
            sqlite_where=_PRESENT,
            postgresql_where=_PRESENT,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    root_id: Mapped[int] = mapped_column(ForeignKey("roots.id"), index=True)
    path: Mapped[bytes] = mapped_column(LargeBinary)
    path_text: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    payload_id: Mapped[int] = mapped_column(ForeignKey("payloads.id"), index=True)
    missing_since: Mapped[datetime | None]
    added_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    title: Mapped[str | None]
    albumartist: Mapped[str | None]
    artist_id: Mapped[int | None] = mapped_column(ForeignKey("artists.id"), index=True)
    album_id: Mapped[int | None] = mapped_column(ForeignKey("albums.id"), index=True)
    group_key: Mapped[str] = mapped_column(index=True)
    track_number: Mapped[int | None]
    track_total: Mapped[int | None]
    disc_number: Mapped[int | None]
    disc_total: Mapped[int | None]
    date: Mapped[str | None]
    original_date: Mapped[str | None]
    year: Mapped[int | None]
    compilation: Mapped[bool]

    container: Mapped[str | None]
    codec: Mapped[str | None]
    encoder: Mapped[str | None]
    bitrate: Mapped[int | None] = mapped_column(BigInteger)
    sample_rate: Mapped[int | None]
    channels: Mapped[int | None]
    bits_per_sample: Mapped[int | None]
    lossless: Mapped[bool | None]
    duration_s: Mapped[float | None]
    encoder_delay: Mapped[int | None]
    encoder_padding: Mapped[int | None]


class TrackArtist(Base):
    """One of a track's artists, in the order of its tags."""

    __tablename__ = "track_artists"

    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    artist_id: Mapped[int] = mapped_column(ForeignKey("artists.id"), index=True)


class TrackGenre(Base):
    """One of a track's genres, in the order of its tags."""

    __tablename__ = "track_genres"

    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    genre_id: Mapped[int] = mapped_column(ForeignKey("genres.id"), index=True)


class RawTag(Base):
    """A tag as it stands in the file, in file order."""

    __tablename__ = "raw_tags"

    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str]
    value: Mapped[str]


class TagSource(Base):
    """Where a fact of a track comes from: the name of a tag, a folder, a rule."""

    __tablename__ = "tag_sources"

    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True
    )
    fact: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]


class Failure(Base):
    """A file that could not be read or analysed, until it changes or succeeds."""

    __tablename__ = "failures"
    __table_args__ = (Index("uq_failures_place", "root_id", "path", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    root_id: Mapped[int] = mapped_column(ForeignKey("roots.id"), index=True)
    path: Mapped[bytes] = mapped_column(LargeBinary)
    path_text: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    stage: Mapped[str]
    reason: Mapped[str]
    attempts: Mapped[int]
    failed_at: Mapped[datetime]


class Scan(Base):
    """One run of ``scan``: when, with which options, with what outcome."""

    __tablename__ = "scans"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    options: Mapped[dict[str, Any]]
    counts: Mapped[dict[str, Any]]
