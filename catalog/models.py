"""The tables of a catalog, as SQLAlchemy maps them; the migrations make them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.model_base import Base, Id, Position, owner, reference


class Root(Base):
    """A scanned folder; the paths of its tracks are relative to it."""

    __tablename__ = "roots"

    id: Mapped[Id]
    path: Mapped[bytes] = mapped_column(unique=True)
    label: Mapped[str]
    added_at: Mapped[datetime]


class Payload(Base):
    """The audio inside a file, without its tags; duplicates share one."""

    __tablename__ = "payloads"

    id: Mapped[Id]
    hash: Mapped[str] = mapped_column(String(128), unique=True)


class Artist(Base):
    """An artist in the most frequent spelling; the key is that name, folded."""

    __tablename__ = "artists"

    id: Mapped[Id]
    name: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    musicbrainz_id: Mapped[str | None]


class Genre(Base):
    """A genre as first seen; spellings that differ in case or spaces share the key."""

    __tablename__ = "genres"

    id: Mapped[Id]
    name: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)


class Album(Base):
    """An album with its discs joined; editions of one album share the group key."""

    __tablename__ = "albums"

    id: Mapped[Id]
    albumartist: Mapped[str | None]
    title: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    group_key: Mapped[str] = mapped_column(index=True)


class Track(Base):
    """A file of a library, with what its tags and headers say.

    A missing track keeps its row. Its place may meanwhile be taken by another file,
    which is why a path is unique only among the tracks that are there.
    """

    __tablename__ = "tracks"
    __table_args__ = (
        Index(
            "uq_tracks_place",
            "root_id",
            "path",
            unique=True,
            sqlite_where=text("missing_since IS NULL"),  # on PostgreSQL, too
        ),
        Index("ix_tracks_ungrouped", "id", sqlite_where=text("NOT is_grouped")),
    )

    id: Mapped[Id]
    root_id: Mapped[int] = reference("roots.id", index=True)
    path: Mapped[bytes]
    path_text: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    payload_id: Mapped[int] = reference("payloads.id", index=True)
    missing_since: Mapped[datetime | None]
    added_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    title: Mapped[str | None]
    albumartist: Mapped[str | None]
    artist_id: Mapped[int | None] = reference("artists.id", index=True)
    album_id: Mapped[int | None] = reference("albums.id", index=True)
    group_key: Mapped[str] = mapped_column(index=True)
    track_number: Mapped[int | None]
    track_total: Mapped[int | None]
    disc_number: Mapped[int | None]
    disc_total: Mapped[int | None]
    date: Mapped[str | None]
    original_date: Mapped[str | None]
    year: Mapped[int | None]
    compilation: Mapped[bool]
    album: Mapped[str | None]  # as tagged
    musicbrainz_albumartist_id: Mapped[str | None]
    musicbrainz_release_id: Mapped[str | None]
    musicbrainz_release_group_id: Mapped[str | None]
    is_grouped: Mapped[bool] = mapped_column(server_default=false())

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

    track_id: Mapped[int] = owner("tracks.id", primary_key=True)
    position: Mapped[Position]
    artist_id: Mapped[int] = reference("artists.id", index=True)
    credit: Mapped[str] = mapped_column(server_default="")  # the name as tagged
    musicbrainz_id: Mapped[str | None]


class TrackGenre(Base):
    """One of a track's genres, in the order of its tags."""

    __tablename__ = "track_genres"

    track_id: Mapped[int] = owner("tracks.id", primary_key=True)
    position: Mapped[Position]
    genre_id: Mapped[int] = reference("genres.id", index=True)


class RawTag(Base):
    """A tag as it stands in the file, in file order."""

    __tablename__ = "raw_tags"

    track_id: Mapped[int] = owner("tracks.id", primary_key=True)
    position: Mapped[Position]
    key: Mapped[str]
    value: Mapped[str]


class TagSource(Base):
    """Where a fact of a track comes from: the name of a tag, a folder, a rule."""

    __tablename__ = "tag_sources"

    track_id: Mapped[int] = owner("tracks.id", primary_key=True)
    fact: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]


class Failure(Base):
    """A file that could not be read or analysed, until it changes or succeeds."""

    __tablename__ = "failures"
    __table_args__ = (Index("uq_failures_place", "root_id", "path", unique=True),)

    id: Mapped[Id]
    root_id: Mapped[int] = reference("roots.id", index=True)
    path: Mapped[bytes]
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

    id: Mapped[Id]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    options: Mapped[dict[str, Any]]
    counts: Mapped[dict[str, Any]]


class FeatureSet(Base):
    """The meaning of a window's vector; rows of two sets never mix."""

    __tablename__ = "feature_sets"

    id: Mapped[Id]
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(unique=True)
    names: Mapped[list[str]]
    parameters: Mapped[dict[str, Any]]
    added_at: Mapped[datetime]


class Analysis(Base):
    """One payload under one feature set, as it is or re-encoded (``variant``)."""

    __tablename__ = "analyses"
    __table_args__ = (UniqueConstraint("payload_id", "feature_set_id", "variant"),)

    id: Mapped[Id]
    payload_id: Mapped[int] = owner("payloads.id", index=True)
    feature_set_id: Mapped[int] = reference("feature_sets.id", index=True)
    variant: Mapped[str]
    status: Mapped[str]
    duration_s: Mapped[float]
    loudness_lufs: Mapped[float | None]
    decoder: Mapped[str]
    audio_facts: Mapped[dict[str, Any]]
    analysed_at: Mapped[datetime]


class Window(Base):
    """Some seconds of a payload: the named columns and the feature set's vector."""

    __tablename__ = "windows"
    __table_args__ = (UniqueConstraint("analysis_id", "position"),)

    id: Mapped[Id]
    analysis_id: Mapped[int] = owner("analyses.id")
    position: Mapped[int]
    start_s: Mapped[float]
    duration_s: Mapped[float]
    silent: Mapped[bool]
    tempo_bpm: Mapped[float]
    rms_mean: Mapped[float]
    rms_max: Mapped[float]
    rms_above_mean: Mapped[float]
    rms_crossings_per_s: Mapped[float]
    energy_changes_per_s: Mapped[float]
    energy_drops_per_s: Mapped[float]
    spectral_flatness: Mapped[float]
    spectral_centroid_hz: Mapped[float]
    zero_crossing_rate: Mapped[float]
    harmonic_fraction: Mapped[float]
    vector: Mapped[bytes]


class TrackStatistics(Base):
    """Mean and scatter of an analysis' windows, silent ones left out: float32."""

    __tablename__ = "track_statistics"

    analysis_id: Mapped[int] = owner("analyses.id", primary_key=True)
    windows: Mapped[int]
    effective_windows: Mapped[float]
    mean: Mapped[bytes]
    scatter: Mapped[bytes]


class Sequence(Base):
    """One track-long sequence: zlib-compressed little-endian float16, row by row."""

    __tablename__ = "sequences"

    analysis_id: Mapped[int] = owner("analyses.id", primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    rate_hz: Mapped[float]
    steps: Mapped[int]
    dims: Mapped[int]
    data: Mapped[bytes]


class StageCost(Base):
    """What one stage of an analysis cost."""

    __tablename__ = "stage_costs"

    analysis_id: Mapped[int] = owner("analyses.id", primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    cpu_s: Mapped[float]
    wall_s: Mapped[float]


class Run(Base):
    """One model trained and judged on one labelling of the library."""

    __tablename__ = "runs"

    id: Mapped[Id]
    created_at: Mapped[datetime]
    label_kind: Mapped[str]  # "artist", "genre", "decade", "tag:NAME", "csv:FILE"
    model: Mapped[str]
    seed: Mapped[int]
    feature_set_id: Mapped[int] = reference("feature_sets.id", index=True)
    dataset_hash: Mapped[str]
    labels: Mapped[list[str]]  # the order of every list of probabilities
    parameters: Mapped[dict[str, Any]]
    versions: Mapped[dict[str, Any]]
    metrics: Mapped[dict[str, Any]]


class FoldScore(Base):
    """How one fold of a run went."""

    __tablename__ = "fold_scores"

    run_id: Mapped[int] = owner("runs.id", primary_key=True)
    fold: Mapped[Position]
    tracks: Mapped[int]
    albums: Mapped[int]
    accuracy: Mapped[float]
    balanced_accuracy: Mapped[float]
    macro_f1: Mapped[float]
    parameters: Mapped[dict[str, Any]]
    fit_cpu_s: Mapped[float | None]
    predict_cpu_s: Mapped[float | None]


class _Prediction:
    """The columns of every prediction."""

    id: Mapped[Id]
    run_id: Mapped[int] = owner("runs.id")
    fold: Mapped[int | None]
    out_of_fold: Mapped[bool]
    true_label: Mapped[str | None]
    label: Mapped[str]
    p_true: Mapped[float | None]
    p_label: Mapped[float]
    # Of all labels of the run, in their order; of many, an object of the most probable.
    probabilities: Mapped[list[float]]


class TrackPrediction(_Prediction, Base):
    """What a run says of a track, and the track's facts as the run knew them."""

    __tablename__ = "track_predictions"
    __table_args__ = (UniqueConstraint("run_id", "track_id"),)

    track_id: Mapped[int] = owner("tracks.id", index=True)
    artist: Mapped[str | None]
    album_id: Mapped[int | None]  # which tracks were one album; may be none of today's
    album: Mapped[str | None]
    year: Mapped[int | None]
    title: Mapped[str | None]
    group_key: Mapped[str] = mapped_column(server_default="")


class WindowPrediction(_Prediction, Base):
    """What a run says of a window; out of fold where its track has a label."""

    __tablename__ = "window_predictions"
    __table_args__ = (UniqueConstraint("run_id", "window_id"),)

    window_id: Mapped[int] = owner("windows.id", index=True)


class Artifact(Base):
    """A fitted model of a run, as bytes in a stated format, with its checksum."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("run_id", "name"),)

    id: Mapped[Id]
    run_id: Mapped[int] = owner("runs.id")
    name: Mapped[str]  # "model", "calibration", ...
    format: Mapped[str]  # "skops", "json", ...
    sha256: Mapped[str]
    data: Mapped[bytes]


class LibraryMap(Base):
    """One map of the tracks or the windows under a feature set."""

    __tablename__ = "maps"
    __table_args__ = (UniqueConstraint("feature_set_id", "level", "seed"),)

    id: Mapped[Id]
    feature_set_id: Mapped[int] = reference("feature_sets.id")
    level: Mapped[str]  # "tracks" or "windows"
    seed: Mapped[int]
    created_at: Mapped[datetime]
    data: Mapped[bytes]  # what placing new points takes


class MapPoint(Base):
    """Where a track or a window lies; the axes mean nothing."""

    __tablename__ = "map_points"

    map_id: Mapped[int] = owner("maps.id", primary_key=True)
    position: Mapped[Position]
    track_id: Mapped[int] = owner("tracks.id", index=True)
    window_id: Mapped[int | None] = owner("windows.id", index=True)
    x: Mapped[float]
    y: Mapped[float]
