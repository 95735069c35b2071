"""Reports of a scan: costs of the analyses, unreadable files, codecs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catalog.browse import failures, stage_costs
from catalog.database import Catalog
from catalog.library import energy_spent
from catalog.predictions import codec_accuracy
from catalog.runs import load_run
from classify.metrics import wilson_interval
from classify.reports.table import Column, Table


def cost(catalog: Catalog, _run_id: int | None = None) -> Table:
    """Return the CPU seconds of each stage of the analyses, an hour of audio."""
    rows = stage_costs(catalog)
    return Table(
        title="What the analyses cost",
        columns=(
            Column("stage"),
            Column("analyses", "count"),
            Column("cpu_s", "number"),
            Column("wall_s", "number"),
            Column("cpu_s_per_hour", "number"),
        ),
        rows=tuple(
            (stage, n, cpu, wall, cpu / hours if hours else None)
            for stage, n, hours, cpu, wall in rows
        ),
        notes=(
            "CPU seconds on one core; the last column is an hour of audio.",
            *_for_a_thousand(catalog, rows),
        ),
        source={},
    )


def _for_a_thousand(
    catalog: Catalog, rows: Sequence[tuple[str, int, float, float, float]]
) -> Iterator[str]:
    """Yield what a thousand tracks of this library take."""
    if not rows:
        return
    analyses = max(n for _, n, _, _, _ in rows)
    hours = sum(cpu for _, _, _, cpu, _ in rows) / 3600.0
    yield f"1 000 tracks like these take {1000.0 * hours / analyses:.2f} CPU hours."
    joules, tracks = energy_spent(catalog)
    if tracks:
        yield (
            f"And {joules / 3.6 / tracks:.3g} Wh: what the processors took in all, by "
            f"RAPL, while {tracks} tracks were scanned."
        )
    else:
        yield "Energy is left out: no scan could read RAPL's counters."


def unreadable_files(catalog: Catalog, _run_id: int | None = None) -> Table:
    """Return the files that could not be read or analysed, and why."""
    return Table(
        title="Files that could not be read",
        columns=(Column("root"), Column("path"), Column("stage"), Column("reason")),
        rows=tuple(failures(catalog)),
        notes=(
            "They are tried again when they change, or with --retry-failed; what was "
            "out of reach (access), by every scan.",
        ),
        source={},
    )


def codecs(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return how tracks are coded, and how often each kind was labelled rightly."""
    run = load_run(catalog, run_id)
    rows = []
    for codec, n, judged, right in codec_accuracy(catalog, run.id if run else None):
        interval = wilson_interval(right, judged) or (None, None)
        share = right / judged if judged else None
        rows.append((codec, n, judged, right, share, *interval))
    return Table(
        title="Tracks by codec",
        columns=(
            Column("codec"),
            Column("tracks", "count"),
            Column("judged", "count"),
            Column("right", "count"),
            Column("accuracy", "share"),
            Column("low", "share"),
            Column("high", "share"),
        ),
        rows=tuple(rows),
        notes=(
            "A codec that goes with one label can be mistaken for its sound.",
            "Intervals, 95 %: Wilson's over tracks.",
        ),
        source={"run": run.id, "model": run.model} if run else {},
    )
