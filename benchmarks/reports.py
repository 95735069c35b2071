"""What each report that trains nothing costs on a catalog, beside its budget.

    python benchmarks/reports.py CATALOG.db [--only NAME ...]

A catalog that holds no run, as `clone_catalog.py` makes it, is given two made-up ones
first: labels are the artists with two albums or more, about 60 % of the tracks are
right, and tracks of other artists have no true label. Accuracies say nothing; what is
measured is cost. Every report runs as a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.datasets import Library, TrackRow, load_library
from catalog.runs import FoldFacts, RunFacts, load_run
from catalog.schema import open_catalog
from catalog.store_run import KEPT_OF_WINDOW, Predictions, store_run
from classify.metrics import album_interval, brier_score, calibration_error
from classify.reports.registry import OF_AN_ARTIST, QUICK_OF_AN_ARTIST, REPORTS, STUDIES

BUDGETS = ((72, 1.0, 300), (1000, 1.0, 400), (10_000, 3.0, 1000), (100_000, 15.0, 3000))
"""Tracks up to which it holds, wall seconds on two cores, megabytes."""
QUICK_STUDIES = ("drift",)
"""Reports of re-encodings that train nothing."""
SURE = 2.0
"""By how much a track's own label leads, in logits; gives about 60 % of them right."""
FOLDS = 20
MODELS = ("another made-up", "made-up")
"""The last is the one that reports are made of."""
PART = 2000
"""Tracks whose predictions are made at once."""


@dataclass(frozen=True)
class MadeUp:
    """What a made-up run says: its labels, and each track's own and its fold."""

    labels: tuple[str, ...]
    true: NDArray[np.intp]
    fold: NDArray[np.intp]
    groups: NDArray[np.intp]
    ids: NDArray[np.int64]


def made_up(tracks: tuple[TrackRow, ...]) -> MadeUp:
    """Return the labels of artists with two albums or more, and folds of albums."""
    albums: dict[str, set[str]] = {}
    for track in tracks:
        albums.setdefault(str(track.artist), set()).add(track.group_key)
    labels = tuple(sorted(name for name, own in albums.items() if len(own) > 1))
    number = {name: k for k, name in enumerate(labels)}
    true = np.array([number.get(str(t.artist), -1) for t in tracks], np.intp)
    _, groups = np.unique([t.group_key for t in tracks], return_inverse=True)
    fold = np.where(true >= 0, groups % FOLDS, -1)
    ids = np.array([t.id for t in tracks], np.int64)
    return MadeUp(labels, true, fold, groups, ids)


def probabilities(
    true: NDArray[np.intp], n_labels: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return probabilities, shape (n, n_labels), of which most favour the true label.

    Of 40 % another label leads.
    """
    logits = rng.normal(size=(len(true), n_labels))
    own = np.where(true >= 0, true, rng.integers(n_labels, size=len(true)))
    wrong = rng.random(len(true)) < 0.4
    own = np.where(
        wrong, (own + rng.integers(n_labels, size=len(true))) % n_labels, own
    )
    logits[np.arange(len(true)), own] += SURE + np.sqrt(2 * np.log(n_labels))
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def of_tracks(said: MadeUp, rng: np.random.Generator) -> Iterator[Predictions]:
    """Yield the predictions of all tracks, in parts."""
    for first in range(0, len(said.ids), PART):
        some = slice(first, first + PART)
        yield Predictions.from_matrix(
            said.ids[some],
            said.fold[some],
            said.true[some],
            probabilities(said.true[some], len(said.labels), rng),
            said.labels,
        )


def of_windows(
    catalog: Catalog, library: Library, said: MadeUp, rng: np.random.Generator
) -> Iterator[Predictions]:
    """Yield the predictions of the windows of all tracks, in parts."""
    place = {track.id: i for i, track in enumerate(library.tracks)}
    for first in range(0, len(said.ids), PART):
        part = said.ids[first : first + PART]
        rows = catalog.rows(
            "SELECT tracks.id, windows.id FROM tracks "
            "JOIN analyses ON analyses.payload_id = tracks.payload_id "
            "AND analyses.variant = 'original' AND +analyses.feature_set_id = :number "
            "JOIN windows ON windows.analysis_id = analyses.id "
            f"WHERE tracks.id IN ({', '.join(str(n) for n in part.tolist())})",
            number=library.feature_set_id,
        )
        at = np.array([place[track] for track, _ in rows], np.intp)
        ids = np.array([window for _, window in rows], np.int64)
        yield _of_some_windows(ids, said, at, rng)


def _of_some_windows(
    ids: NDArray[np.int64],
    said: MadeUp,
    at: NDArray[np.intp],
    rng: np.random.Generator,
) -> Predictions:
    """Return predictions that keep a few labels, without a matrix of all of them."""
    n_labels = len(said.labels)
    named = rng.integers(n_labels, size=(len(at), KEPT_OF_WINDOW))
    true = said.true[at]
    known = (true >= 0) & (rng.random(len(at)) < 0.6)
    named[:, 0] = np.where(known, true, named[:, 0])
    p = -np.sort(-rng.dirichlet(np.ones(KEPT_OF_WINDOW + 1), len(at)), axis=1)
    return Predictions(
        ids=ids,
        fold=said.fold[at],
        true=true,
        label=[said.labels[k] for k in named[:, 0]],
        p_true=np.where(known, p[:, 0], p[:, -1]),
        p_label=p[:, 0],
        named=named,
        p=p[:, :-1],
        names=said.labels,
    )


def metrics(said: MadeUp, rng: np.random.Generator) -> dict[str, object]:
    """Return the figures that a run holds, of a sample of its tracks."""
    some = np.flatnonzero(said.true >= 0)[:PART]
    y = said.true[some]
    p = probabilities(y, len(said.labels), rng)
    right = p.argmax(axis=1) == y
    interval = album_interval(right, said.groups[some], seed=0)
    counts = np.bincount(said.true[said.true >= 0]).tolist()
    rejected = [(name, n, n // 2) for name, n in zip(said.labels, counts, strict=True)]
    return {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(right.mean()),
        "macro_f1": float(right.mean()),
        "interval": None if interval is None else list(interval),
        "brier": brier_score(p, y),
        "calibration_error": calibration_error(p, y),
        "flattering": None,
        "fit_cpu_s": 1.0,
        "predict_cpu_s": 1.0,
        "unknown": {
            "threshold": 0.3,
            "target": 0.1,
            "known_kept": 0.8,
            "accuracy_kept": 0.7,
            "rejected": rejected,
        },
    }


def store_made_up(catalog: Catalog) -> None:
    """Store two made-up runs on the same question, the second with its windows."""
    library = load_library(catalog, with_windows=False)
    if library is None:
        raise SystemExit(f"{catalog.name}: no track is analysed")
    said = made_up(library.tracks)
    for model in MODELS:
        rng = np.random.default_rng(len(model))
        is_last = model == MODELS[-1]
        windows = of_windows(catalog, library, said, rng) if is_last else ()
        run = RunFacts(
            label_kind="artist",
            model=model,
            seed=0,
            feature_set_id=library.feature_set_id,
            dataset_hash="made up",
            labels=said.labels,
            parameters={},
            versions={},
            metrics=metrics(said, rng),
        )
        store_run(
            catalog,
            run,
            folds=[_fold(said, number) for number in range(FOLDS)],
            tracks=of_tracks(said, rng),
            windows=windows,
            models=[],
            known=library.tracks,
        )


def _fold(said: MadeUp, number: int) -> FoldFacts:
    inside = said.fold == number
    n_albums = len(np.unique(said.groups[inside]))
    return FoldFacts(number, int(inside.sum()), n_albums, 0.6, 0.6, 0.6, {}, 1.0, 1.0)


_MEASURE = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
wall = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024
print(wall, used.ru_maxrss * unit / 1e6, os.waitstatus_to_exitcode(status))
"""


def cost(arguments: list[str]) -> tuple[float, float, int, str]:
    """Return wall seconds, peak MB, status and the first line of a command's errors."""
    report = [sys.executable, "-m", "sonicat", "report", *arguments]
    # A child begins with the memory of its parent as its peak: let that be a small one.
    done = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURE, *report],
        capture_output=True,
        text=True,
        check=True,
    )
    wall, peak, status = done.stdout.split()
    return float(wall), float(peak), int(status), done.stderr.partition("\n")[0]


def jobs(catalog: Catalog) -> dict[str, list[str]]:
    """Return the options of each report that trains nothing, by its name."""
    ((artist,),) = catalog.rows(
        "SELECT artist FROM track_predictions WHERE out_of_fold ORDER BY artist LIMIT 1"
    )
    era = ["--artist", artist, "--through", "1990"]
    names = [one.name for one in REPORTS] + list(QUICK_STUDIES)
    found = {name: [f"--{name}"] for name in names}
    found[QUICK_OF_AN_ARTIST] = [f"--{QUICK_OF_AN_ARTIST}", *era]
    found["hardest, csv"] = ["--hardest", "--format", "csv"]
    found["confusion, json"] = ["--confusion", "--format", "json"]
    found["html"] = ["--format", "html", *era]
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--only", nargs="+", metavar="NAME")
    options = parser.parse_args()
    with open_catalog(str(options.catalog)) as catalog:
        if (run := load_run(catalog)) is None or run.model != MODELS[-1]:
            start = time.perf_counter()
            store_made_up(catalog)
            print(f"made-up runs stored in {time.perf_counter() - start:.0f} s")
        ((tracks,),) = catalog.rows("SELECT count(*) FROM tracks")
        wanted = jobs(catalog)
    wall_s, most_mb = next(
        (s, mb) for n, s, mb in (*BUDGETS, BUDGETS[-1]) if tracks <= n
    )
    print(f"{tracks} tracks; budget {wall_s:.0f} s, {most_mb} MB")
    print(f"{'report':18}{'wall s':>8}{'peak MB':>9}")
    for name, arguments in wanted.items():
        if options.only and name not in options.only:
            continue
        wall, mb, status, said = cost([*arguments, "--db", str(options.catalog)])
        over = "  over" if wall > wall_s or mb > most_mb else ""
        why = f"  ({status}: {said})" if status else ""
        print(f"{name:18}{wall:8.2f}{mb:9.0f}{over}{why}", flush=True)
    quick = {QUICK_OF_AN_ARTIST, *QUICK_STUDIES}
    training = [r.name for r in (*STUDIES, *OF_AN_ARTIST) if r.name not in quick]
    print(f"train models, not timed: {', '.join(training)}")


if __name__ == "__main__":
    main()
