"""The library as a scan knows it: roots, tracks, failures, feature sets, scans."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from catalog.database import Catalog, from_json, readable
from catalog.records import RULES, FeatureSetFacts, KnownFailure, KnownTrack, Root

_KNOWN_TRACKS = """
SELECT tracks.id, tracks.path, tracks.size, tracks.mtime_ns, payloads.hash,
    (SELECT analyses.feature_set_id FROM analyses
     WHERE analyses.payload_id = tracks.payload_id AND analyses.variant = 'original'
     ORDER BY analyses.id DESC LIMIT 1),
    tracks.missing_since
FROM tracks JOIN payloads ON payloads.id = tracks.payload_id
WHERE tracks.root_id = :root_id
ORDER BY CASE WHEN tracks.missing_since IS NULL THEN 1 ELSE 0 END, tracks.id
"""


def ensure_root(catalog: Catalog, path: bytes) -> Root:
    """Return the root of an absolute path, added if it is new."""
    asked = os.path.normpath(path)
    catalog.execute(
        "INSERT INTO roots (path, label, added_at) VALUES (:path, :label, :now) "
        "ON CONFLICT (path) DO NOTHING",
        path=asked,
        label=readable(asked),
        now=now_text(),
    )
    (row,) = catalog.rows("SELECT id, path, label FROM roots WHERE path = :p", p=asked)
    return Root(row[0], bytes(row[1]), row[2])


def roots(catalog: Catalog) -> list[Root]:
    """Return every root, in the order in which they were added."""
    rows = catalog.rows("SELECT id, path, label FROM roots ORDER BY id")
    return [Root(number, bytes(path), label) for number, path, label in rows]


def known_tracks(catalog: Catalog, root_id: int) -> list[KnownTrack]:
    """Return the tracks of a root; missing ones first.

    A missing track and one that is there may have the same path: whoever makes a
    mapping by path from this order keeps the one that is there.
    """
    return [
        KnownTrack._make(row if row[-1] is None else (*row[:-1], as_utc(row[-1])))
        for row in catalog.rows(_KNOWN_TRACKS, root_id=root_id)
    ]


def track_paths(catalog: Catalog) -> dict[int, bytes]:
    """Return the absolute path of each track that is present, by the track's id."""
    rows = catalog.rows(
        "SELECT tracks.id, roots.path, tracks.path FROM tracks "
        "JOIN roots ON roots.id = tracks.root_id WHERE tracks.missing_since IS NULL"
    )
    return {
        number: os.path.join(bytes(root), bytes(path))  # noqa: PTH118 - bytes
        for number, root, path in rows
    }


def known_failures(catalog: Catalog, root_id: int) -> dict[bytes, KnownFailure]:
    """Return the failures on record under a root, by path."""
    rows = catalog.rows(
        "SELECT path, size, mtime_ns, stage, reason FROM failures "
        "WHERE root_id = :root",
        root=root_id,
    )
    return {bytes(row[0]): KnownFailure(bytes(row[0]), *row[1:]) for row in rows}


def tag_rules(catalog: Catalog) -> dict[int, str]:
    """Return by which rules tags were read, for tracks where not by the usual ones."""
    find = "SELECT track_id, source FROM tag_sources WHERE fact = :fact"
    return dict(catalog.rows(find, fact=RULES))


def delete_failures(catalog: Catalog, root_id: int, paths: Iterable[bytes]) -> None:
    """Remove the failures of files that are no longer there."""
    for path in paths:
        catalog.execute(
            "DELETE FROM failures WHERE root_id = :root AND path = :path",
            root=root_id,
            path=path,
        )


def delete_root(catalog: Catalog, root_id: int) -> None:
    """Remove a root with its failures, unless a track belongs to it."""
    find = "SELECT 1 FROM tracks WHERE root_id = :root LIMIT 1"
    if not catalog.rows(find, root=root_id):
        catalog.execute("DELETE FROM failures WHERE root_id = :root", root=root_id)
        catalog.execute("DELETE FROM roots WHERE id = :root", root=root_id)


def ensure_feature_set(catalog: Catalog, facts: FeatureSetFacts) -> int:
    """Return the id of a feature set, added if it is new."""
    digest = feature_set_digest(facts)
    find = "SELECT id FROM feature_sets WHERE digest = :digest"
    found = catalog.rows(find, digest=digest)
    if not found:
        catalog.execute(
            "INSERT INTO feature_sets (version, digest, names, parameters, added_at) "
            "VALUES (:version, :digest, :names, :parameters, :now) "
            "ON CONFLICT (digest) DO NOTHING",
            version=facts.version,
            digest=digest,
            names=json.dumps(facts.names),
            parameters=json.dumps(dict(facts.parameters), sort_keys=True),
            now=now_text(),
        )
        found = catalog.rows(find, digest=digest)
    return int(found[0][0])


def feature_set_digest(facts: FeatureSetFacts) -> str:
    """Return the hex digest that two equal feature sets share."""
    whole = [facts.version, facts.names, dict(facts.parameters)]
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def analysed_payloads(catalog: Catalog, feature_set_id: int) -> set[str]:
    """Return the hashes of the payloads that have an analysis of a feature set."""
    rows = catalog.rows(
        "SELECT payloads.hash FROM analyses "
        "JOIN payloads ON payloads.id = analyses.payload_id "
        "WHERE analyses.feature_set_id = :id AND analyses.variant = 'original'",
        id=feature_set_id,
    )
    return {payload for (payload,) in rows}


def has_ungrouped_tracks(catalog: Catalog) -> bool:
    """Tell whether tracks came, went or changed since all were last grouped."""
    return bool(catalog.rows("SELECT 1 FROM tracks WHERE NOT is_grouped LIMIT 1"))


_LARGE = 25_000  # tracks: grouping them takes a second, or more


def is_large(catalog: Catalog) -> bool:
    """Tell whether what is done with all tracks of the catalog takes its time."""
    ((count,),) = catalog.rows("SELECT count(*) FROM tracks")
    return bool(count > _LARGE)


def now_text() -> str:
    """Return the time as SQLAlchemy writes it for SQLite; PostgreSQL reads it too."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def as_utc(value: str | datetime) -> datetime:
    """Return a time column's value: SQLite gives its text, PostgreSQL a time."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC)


_ANALYSED = ("new", "audio_changed", "reanalysed", "variants")

Outcome = Literal["done", "interrupted", "stopped"]


def begin_scan(catalog: Catalog, options: Mapping[str, Any]) -> int:
    """Note that a scan begins; return its number.

    A scan without an end in the log was killed, or is still running.

    Parameters
    ----------
    options : mapping
        JSON-able: what the scan was asked to do.
    """
    ((number,),) = catalog.execute(
        "INSERT INTO scans (started_at, options, counts) "
        "VALUES (:now, :options, '{}') RETURNING id",
        now=now_text(),
        options=json.dumps(dict(options), sort_keys=True),
    )
    return int(number)


def last_options(catalog: Catalog) -> dict[str, Any]:
    """Return what the last scan was asked to do; empty if there was none."""
    rows = catalog.rows("SELECT options FROM scans ORDER BY id DESC LIMIT 1")
    return dict(from_json(rows[0][0])) if rows else {}


def end_scan(
    catalog: Catalog, number: int, outcome: Outcome, counts: Mapping[str, Any]
) -> None:
    """Note how a scan ended.

    Parameters
    ----------
    counts : mapping
        JSON-able: files new, changed, failed ..., hours, times real time.
    """
    catalog.execute(
        "UPDATE scans SET ended_at = :now, outcome = :outcome, counts = :counts "
        "WHERE id = :number",
        now=now_text(),
        outcome=outcome,
        counts=json.dumps(dict(counts), sort_keys=True),
        number=number,
    )


def energy_spent(catalog: Catalog) -> tuple[float, int]:
    """Return the joules that scans took, and the tracks that those analysed.

    Of the scans that could read energy counters; 0 and 0 if there were none.
    """
    joules, tracks = 0.0, 0
    for (text,) in catalog.rows("SELECT counts FROM scans WHERE ended_at IS NOT NULL"):
        counts = from_json(text)
        analysed = sum(counts.get(k, 0) for k in _ANALYSED) - counts.get("shared", 0)
        energy = counts.get("energy_j")
        if energy is not None and analysed > 0 and counts.get("audio_hours"):
            joules += energy
            tracks += analysed
    return joules, tracks
