"""How well each album is recognised by models that never heard it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.predictions import (
    AlbumAccuracy,
    TrackSaid,
    album_accuracy,
    total_accuracy,
    tracks_said,
)
from classify.exceptions import NothingToReportError
from classify.metrics import wilson_interval
from classify.reports.judged import JUDGED, mostly_taken_for
from classify.reports.source import chosen_run, described
from classify.reports.table import Column, Table

if TYPE_CHECKING:
    from catalog.database import Catalog

COLUMNS = (
    Column("artist"),
    Column("album"),
    Column("year", "count"),
    *JUDGED,
)


def by_album(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return a row an album: tracks, tracks right, accuracy with interval, and so on.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no labelled track.
    """
    run = chosen_run(catalog, run_id)
    said = [track for track in tracks_said(catalog, run.id) if track.out_of_fold]
    total = total_accuracy(catalog, run.id)
    if total is None:
        raise NothingToReportError(f"run {run.id} judged no labelled track")
    of_album: dict[tuple[str | None, int | None], list[TrackSaid]] = {}
    for track in said:
        of_album.setdefault((track.artist, track.album_id), []).append(track)
    rows = tuple(
        _row(album, of_album[album.artist, album.album_id])
        for album in album_accuracy(catalog, run.id)
    )
    return Table(
        title=f"Accuracy by album ({run.label_kind}, {run.model})",
        columns=COLUMNS,
        rows=rows,
        total=(
            "all",
            f"{len(rows)} albums",
            None,
            total.tracks,
            total.right,
            total.accuracy,
            *(run.metrics["interval"] or (None, None)),
            total.mean_p_true,
            mostly_taken_for(said),
        ),
        notes=(
            "Every track was judged by models that never heard its album.",
            "Intervals, 95 %: of an album, Wilson's over its tracks; "
            "of all, a bootstrap over albums.",
        ),
        source=described(run),
    )


def _row(album: AlbumAccuracy, tracks: list[TrackSaid]) -> tuple[object, ...]:
    found = album.accuracy
    interval = wilson_interval(found.right, found.tracks) or (None, None)
    return (
        album.artist,
        album.album,
        album.year,
        found.tracks,
        found.right,
        found.accuracy,
        *interval,
        found.mean_p_true,
        mostly_taken_for(tracks),
    )
