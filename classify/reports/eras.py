"""Whether an artist is recognised as well before a turning point as after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

import numpy as np

from catalog.audio_facts import AudioFacts, audio_facts
from catalog.database import Catalog
from catalog.names import fold
from catalog.predictions import TrackPrediction, era_accuracy, held_out_predictions
from classify.exceptions import NothingToReportError
from classify.metrics import accuracy_interval, two_sample_test
from classify.reports.table import JUDGED, Column, Table, mostly_taken_for
from classify.stored_runs import describe_run, select_run

_ERA_COLUMNS = (Column("era"), Column("albums", "count"), *JUDGED)


def by_era(
    catalog: Catalog,
    run_id: int | None = None,
    *,
    artist: str = "Metallica",
    through: int = 1988,
) -> Table:
    """Return the accuracy over an artist's tracks through a year, and after it.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no track of the artist.
    """
    run = select_run(catalog, run_id)
    judged = [t for t in held_out_predictions(catalog, run.id) if t.artist]
    said = [t for t in judged if t.artist and fold(t.artist) == fold(artist)]
    if not said:
        known = ", ".join(sorted({t.artist for t in judged if t.artist})[:8])
        raise NothingToReportError(
            f"--artist {artist}: run {run.id} judged no track of this artist; "
            f"name one that it judged: {known or 'there is none'}"
        )
    name = str(said[0].artist)
    dated = [t for t in said if t.year is not None]
    rows: list[tuple[object, ...]] = []
    for era, after in ((f"through {through}", False), (f"after {through}", True)):
        tracks = [
            t for t in dated if t.year is not None and (t.year > through) is after
        ]
        found = era_accuracy(catalog, run.id, name, through=through, after=after)
        if found is None:
            rows.append((era, 0, 0, 0, None, None, None, None, None))
            continue
        rows.append(
            (
                era,
                len({t.group_key for t in tracks}),
                found.tracks,
                found.right,
                found.accuracy,
                *_interval(tracks, seed=run.seed),
                found.mean_p_true,
                mostly_taken_for(tracks),
            )
        )
    return Table(
        title=f"{name} through {through} and after ({run.label_kind}, {run.model})",
        columns=_ERA_COLUMNS,
        rows=tuple(rows),
        notes=(
            "Every track was judged by models that never heard its album.",
            _difference(dated, through, seed=run.seed),
            *sound_of(
                catalog,
                run.feature_set_id,
                {
                    f"{word} {through}": [
                        t.track_id for t in dated if ((t.year or 0) > through) is late
                    ]
                    for word, late in (("through", False), ("after", True))
                },
            ),
            *_undated([t for t in said if t.year is None]),
        ),
        source=describe_run(run),
    )


def _interval(tracks: list[TrackPrediction], *, seed: int) -> tuple[float | None, ...]:
    right = np.array([bool(t.correct) for t in tracks])
    _, groups = np.unique([t.group_key for t in tracks], return_inverse=True)
    return accuracy_interval(right, groups, seed=seed) or (None, None)


def _difference(tracks: list[TrackPrediction], through: int, *, seed: int) -> str:
    if not tracks:
        return "No track has a year, so that nothing can be compared."
    _, groups = np.unique([t.group_key for t in tracks], return_inverse=True)
    p = two_sample_test(
        np.array([bool(t.correct) for t in tracks]),
        groups,
        np.array([t.year is not None and t.year > through for t in tracks]),
        seed=seed,
    )
    if p is None:
        return "Only one era has albums, so that nothing can be compared."
    verdict = "differs" if p < 0.05 else "cannot be told from chance"
    return (
        f"The difference between the eras {verdict}: p = {p:.2f} "
        "(permutation of whole albums, two-sided)."
    )


def _undated(tracks: list[TrackPrediction]) -> tuple[str, ...]:
    if not tracks:
        return ()
    names = ", ".join(t.title or t.path for t in tracks[:5])
    more = f" and {len(tracks) - 5} more" if len(tracks) > 5 else ""
    return (f"Left out, having no year: {len(tracks)} tracks: {names}{more}.",)


_MEASURED = (
    ("loudness range", "loudness_range_lu", "LU"),
    ("true peak", "true_peak_dbtp", "dBTP"),
    ("crest", "crest_db", "dB"),
    ("upper edge", "upper_edge_hz", "Hz"),
)


def sound_of(
    catalog: Catalog, feature_set_id: int, eras: Mapping[str, Iterable[int]]
) -> tuple[str, ...]:
    """Return a line an era: the medians of what mastering sets.

    Parameters
    ----------
    catalog : Catalog
    feature_set_id : int
    eras : mapping of an era's name to the ids of its tracks
    """
    known = audio_facts(catalog, feature_set_id)
    lines = []
    for era, ids in eras.items():
        tracks = [known[i] for i in ids if i in known]
        if tracks:
            lines.append(f"Sound {era} (medians): {', '.join(_medians(tracks))}.")
    return tuple(lines)


def _medians(tracks: list[AudioFacts]) -> list[str]:
    found = [("loudness", [one.loudness_lufs for one in tracks], "LUFS")]
    found += [
        (name, [one.measured.get(key) for one in tracks], unit)
        for name, key, unit in _MEASURED
    ]
    said = []
    for name, values, unit in found:
        numbers = [value for value in values if value is not None]
        if numbers:
            digits = 0 if unit == "Hz" else 1
            said.append(f"{name} {median(numbers):.{digits}f} {unit}")
    return said
