"""What the file system and the tags say: roots, tracks, albums, artists, failures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create the tables and their indexes."""
    # An index of PostgreSQL has no room for long paths, only for their hashes.
    server = op.get_bind().dialect.name == "postgresql"
    path = sa.text("sha256(path)") if server else "path"
    op.create_table(
        "albums",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("albumartist", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_albums"),
        sa.UniqueConstraint("key", name="uq_albums_key"),
    )
    op.create_index("ix_albums_group_key", "albums", ["group_key"], unique=False)
    op.create_table(
        "artists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_artists"),
        sa.UniqueConstraint("key", name="uq_artists_key"),
    )
    op.create_table(
        "genres",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_genres"),
        sa.UniqueConstraint("key", name="uq_genres_key"),
    )
    op.create_table(
        "payloads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payloads"),
        sa.UniqueConstraint("hash", name="uq_payloads_hash"),
    )
    op.create_table(
        "roots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_roots"),
        sa.UniqueConstraint("path", name="uq_roots_path"),
    )
    op.create_table(
        "scans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scans"),
    )
    op.create_table(
        "failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("path_text", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["root_id"], ["roots.id"], name="fk_failures_root_id"),
        sa.PrimaryKeyConstraint("id", name="pk_failures"),
    )
    op.create_index("ix_failures_root_id", "failures", ["root_id"], unique=False)
    op.create_index("uq_failures_place", "failures", ["root_id", path], unique=True)
    op.create_table(
        "tracks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("path_text", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("payload_id", sa.Integer(), nullable=False),
        sa.Column("missing_since", sa.DateTime(), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("albumartist", sa.String(), nullable=True),
        sa.Column("artist_id", sa.Integer(), nullable=True),
        sa.Column("album_id", sa.Integer(), nullable=True),
        sa.Column("group_key", sa.String(), nullable=False),
        sa.Column("track_number", sa.Integer(), nullable=True),
        sa.Column("track_total", sa.Integer(), nullable=True),
        sa.Column("disc_number", sa.Integer(), nullable=True),
        sa.Column("disc_total", sa.Integer(), nullable=True),
        sa.Column("date", sa.String(), nullable=True),
        sa.Column("original_date", sa.String(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("compilation", sa.Boolean(), nullable=False),
        sa.Column("container", sa.String(), nullable=True),
        sa.Column("codec", sa.String(), nullable=True),
        sa.Column("encoder", sa.String(), nullable=True),
        sa.Column("bitrate", sa.BigInteger(), nullable=True),
        sa.Column("sample_rate", sa.Integer(), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("bits_per_sample", sa.Integer(), nullable=True),
        sa.Column("lossless", sa.Boolean(), nullable=True),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.Column("encoder_delay", sa.Integer(), nullable=True),
        sa.Column("encoder_padding", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name="fk_tracks_album_id"),
        sa.ForeignKeyConstraint(
            ["artist_id"], ["artists.id"], name="fk_tracks_artist_id"
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payloads.id"], name="fk_tracks_payload_id"
        ),
        sa.ForeignKeyConstraint(["root_id"], ["roots.id"], name="fk_tracks_root_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tracks"),
    )
    op.create_index("ix_tracks_album_id", "tracks", ["album_id"], unique=False)
    op.create_index("ix_tracks_artist_id", "tracks", ["artist_id"], unique=False)
    op.create_index("ix_tracks_group_key", "tracks", ["group_key"], unique=False)
    op.create_index("ix_tracks_payload_id", "tracks", ["payload_id"], unique=False)
    op.create_index("ix_tracks_root_id", "tracks", ["root_id"], unique=False)
    op.create_index(
        "uq_tracks_place",
        "tracks",
        ["root_id", path],
        unique=True,
        sqlite_where=sa.text("missing_since IS NULL"),
        postgresql_where=sa.text("missing_since IS NULL"),
    )
    op.create_table(
        "raw_tags",
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name="fk_raw_tags_track_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "position", name="pk_raw_tags"),
    )
    op.create_table(
        "tag_sources",
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["tracks.id"],
            name="fk_tag_sources_track_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("track_id", "fact", name="pk_tag_sources"),
    )
    op.create_table(
        "track_artists",
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("artist_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artist_id"], ["artists.id"], name="fk_track_artists_artist_id"
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["tracks.id"],
            name="fk_track_artists_track_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("track_id", "position", name="pk_track_artists"),
    )
    op.create_index(
        "ix_track_artists_artist_id", "track_artists", ["artist_id"], unique=False
    )
    op.create_table(
        "track_genres",
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("genre_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["genre_id"], ["genres.id"], name="fk_track_genres_genre_id"
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["tracks.id"],
            name="fk_track_genres_track_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("track_id", "position", name="pk_track_genres"),
    )
    op.create_index(
        "ix_track_genres_genre_id", "track_genres", ["genre_id"], unique=False
    )
