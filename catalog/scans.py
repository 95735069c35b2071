"""The log of scans: when, with which options, with what outcome."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from catalog.library import now_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.database import Catalog

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
    options = rows[0][0] if rows else {}
    # SQLite gives JSON as text, PostgreSQL as what it says.
    return dict(json.loads(options) if isinstance(options, str) else options)


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
        counts = json.loads(text) if isinstance(text, str) else text
        analysed = sum(counts.get(k, 0) for k in _ANALYSED) - counts.get("shared", 0)
        energy = counts.get("energy_j")
        if energy is not None and analysed > 0 and counts.get("audio_hours"):
            joules += energy
            tracks += analysed
    return joules, tracks
