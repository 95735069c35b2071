"""What makes judgements robust against lossy coding: an ablation.

    scan ~/Music --db catalog.db
    python benchmarks/lossy.py --db catalog.db --cache /tmp/recoded

Every track of the catalog is encoded anew (kept in the cache, at 22 050 Hz, one
channel), features are extracted under each treatment of the signal, and models are
learned under each way of learning. All folds are grouped by album, whatever is chosen
is chosen on the training side, and a re-encoding is judged by the model that never
heard the album. Flips: the share of tracks or windows whose best label changes.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr
from joblib import Parallel, delayed, dump, load
from scipy.signal import firwin, oaconvolve

from catalog.audio_facts import candidates
from catalog.schema import open_catalog
from classify.arrays import Dataset, Windows
from classify.codec_pairs import measure_drift, measure_spread
from classify.cross_validation import tune
from classify.dataset import load_training_data
from classify.ensemble import combine_tunings
from classify.folds import OUTER_FOLDS, album_folds
from classify.metrics import apply_temperature, balanced_accuracy
from classify.models.base import fit
from classify.models.registry import VOTERS, VOTING, model_spec
from classify.sequence_features import TrackSequences, describe_windows
from scanner.features.definition import N_MELS, REFERENCE_LUFS, SR
from scanner.features.extractor import Extractor
from scanner.variants.encodings import parse_variant
from scanner.variants.transcode import read_samples, transcode

ORIGINAL = "original"


@dataclass(frozen=True)
class Treatment:
    """What is done to a signal, or to its features, before anything is learned."""

    name: str
    band_limit_hz: float | None = None
    floor_db: float | None = None  # white noise, relative to the signal's own level
    raw_level: bool = False  # undo the normalisation to one loudness

    def apply(self, y: np.ndarray) -> np.ndarray:
        if self.band_limit_hz:
            taps = firwin(511, self.band_limit_hz, window=("kaiser", 9.0), fs=SR)
            y = oaconvolve(y, taps, mode="same")
        if self.floor_db is not None:
            noise = np.random.default_rng(0).standard_normal(len(y))
            y = y + noise * np.sqrt(np.mean(y**2)) * 10 ** (self.floor_db / 20)
        return y.astype(np.float32)


AS_IT_IS = Treatment("as it is")
BOTH = Treatment("limit 8 kHz, floor -60 dB", 8_000.0, -60.0)
TREATMENTS = (
    AS_IT_IS,
    Treatment("raw level", raw_level=True),
    Treatment("limit 8 kHz", 8_000.0),
    Treatment("floor -60 dB", None, -60.0),
    BOTH,
)


@dataclass(frozen=True)
class Learning:
    """How a model is learned from what the training side offers."""

    name: str
    steadiest: float | None = None  # share of the features to keep
    augmented: bool = False


PLAIN = Learning("plain")
AUGMENTED = Learning("augmented", augmented=True)
LEARNINGS = (
    PLAIN,
    Learning("steadiest 3/4", 0.75),
    Learning("steadiest 1/2", 0.5),
    AUGMENTED,
    Learning("steadiest 3/4, augmented", 0.75, augmented=True),
)
STEPS = (
    *((treatment, PLAIN) for treatment in TREATMENTS),
    *((AS_IT_IS, learning) for learning in LEARNINGS[1:]),
    (BOTH, AUGMENTED),
)


def signal(path: bytes, payload: str, variant: str, cache: Path) -> np.ndarray:
    """Return a track's audio as one channel at 22 050 Hz, from the cache if there."""
    kept = cache / f"{payload}.{variant.replace(':', '_')}.npy"
    if kept.exists():
        return np.load(kept)
    samples, sr = read_samples(path)
    if variant != ORIGINAL:
        samples, sr, _ = transcode(samples, sr, parse_variant(variant), str(cache))
    y = soxr.resample(samples.mean(axis=1), sr, SR).astype(np.float32)
    part = kept.with_suffix(f".{os.getpid()}.npy")
    np.save(part, y)
    part.replace(kept)
    return y


def windows(
    path: bytes, payload: str, variant: str, cache: Path
) -> dict[str, tuple[np.ndarray, np.ndarray, tuple[str, ...]]]:
    """Return starts, X and names of a track's windows under every treatment."""
    kept = cache / f"{payload}.{variant.replace(':', '_')}.windows"
    if kept.exists():
        found: dict[str, tuple[np.ndarray, np.ndarray, tuple[str, ...]]] = load(kept)
        return found
    y = signal(path, payload, variant, cache)
    found = {one.name: _extracted(one, y) for one in TREATMENTS}
    dump(found, kept)
    return found


def _extracted(
    treatment: Treatment, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    extractor = Extractor(SR, 1)
    extractor.push(treatment.apply(y)[:, None])
    got = extractor.finish()
    kinds = {one.kind: one for one in got.sequences}
    kept = ~got.windows.silent
    span = got.windows.start_s[kept], got.windows.duration_s[kept]
    rate = kinds["chroma"].rate_hz
    sequences = TrackSequences(kinds["chroma"].values, kinds["logmel"].values, rate)
    vectors = got.windows.vectors[kept]
    X, names = describe_windows(vectors, got.feature_set.names, *span, sequences)
    if treatment.raw_level and got.loudness_lufs is not None:
        gain_db = REFERENCE_LUFS - got.loudness_lufs
        X = X.copy()
        X[:, [names.index("rms_mean"), names.index("rms_max")]] /= 10 ** (gain_db / 20)
        X[:, names.index("mfcc_00_mean")] -= gain_db * np.sqrt(N_MELS)
    return span[0], X, names


class Material:
    """The same windows of every track, as they are and as each variant left them."""

    def __init__(self, found: dict, tracks: list[str], variants: list[str]) -> None:
        self.names = next(iter(found.values()))[AS_IT_IS.name][2]
        self.rows: dict[tuple[str, str], Windows] = {}
        for treatment in TREATMENTS:
            parts: dict[str, list[np.ndarray]] = {v: [] for v in variants}
            of = []
            for i, payload in enumerate(tracks):
                got = {v: found[payload, v][treatment.name] for v in variants}
                starts = [set(np.round(got[v][0], 3)) for v in variants]
                shared = np.array(sorted(set.intersection(*starts)))
                of += [i] * len(shared)
                for v in variants:
                    parts[v].append(got[v][1][np.isin(np.round(got[v][0], 3), shared)])
            track = np.array(of, dtype=np.intp)
            for v in variants:
                X = np.concatenate(parts[v])
                self.rows[treatment.name, v] = Windows(X, track, len(tracks))


def joined(parts: list[Windows]) -> Windows:
    """Return the windows of some versions of the same tracks as windows of these."""
    track = np.concatenate([part.track for part in parts])
    order = np.argsort(track, kind="stable")
    X = np.concatenate([part.X for part in parts])[order]
    return Windows(X, track[order], parts[0].n_tracks)


def columns(rows: Windows, kept: np.ndarray) -> Windows:
    return replace(rows, X=rows.X[:, kept])


def run(
    step: tuple[Treatment, Learning],
    model: str,
    dataset: Dataset,
    material: Material,
    variants: list[str],
    seed: int,
) -> dict[str, np.ndarray]:
    """Return the label of each track, and of each window, for every variant."""
    treatment, learning = step
    rows = {v: material.rows[treatment.name, v] for v in variants}
    y, groups, k = dataset.y, dataset.groups, len(dataset.labels)
    tracks = {v: np.zeros((len(y), k)) for v in variants}
    of_windows = {v: np.zeros((len(rows[v].X), k)) for v in variants}
    members = VOTERS if model == VOTING else (model,)
    for fold in album_folds(y, groups, n_splits=OUTER_FOLDS, seed=seed):
        learned = {v: rows[v].of_tracks(fold.train) for v in variants}
        kept = np.arange(rows[ORIGINAL].X.shape[1])
        if learning.steadiest:
            spread = measure_spread(learned[ORIGINAL])
            moved = np.mean(
                [
                    measure_drift(learned[ORIGINAL], learned[v], spread).size
                    for v in variants
                ],
                axis=0,
            )
            kept = np.sort(np.argsort(moved)[: int(learning.steadiest * len(moved))])
        shown = variants if learning.augmented else [ORIGINAL]
        training = Dataset(
            columns(joined([learned[v] for v in shown]), kept),
            y[fold.train],
            groups[fold.train],
            dataset.labels,
        )
        tunings = {m: tune(model_spec(m), training, seed=seed) for m in members}
        fitted = {
            m: fit(model_spec(m), c.params, training, seed=seed)
            for m, c in tunings.items()
        }
        weights = {model: 1.0}
        if model == VOTING:
            setting = combine_tunings(tunings, training.y).params
            weights = {m: setting[m]["weight"] for m in members}
        for v in variants:
            part = columns(rows[v].of_tracks(fold.test), kept)
            for m in members:
                windows_p, tracks_p = fitted[m].predict_proba(part)
                said = apply_temperature(tracks_p, tunings[m].temperature)
                tracks[v][fold.test] += weights[m] * said
                here = rows[v].windows_of(fold.test)
                of_windows[v][here] += weights[m] * windows_p
    return {
        v: (tracks[v].argmax(axis=1), of_windows[v].argmax(axis=1)) for v in variants
    }


def figures(said: dict, dataset: Dataset, variants: list[str]) -> dict[str, float]:
    y = dataset.y
    tracks, of_windows = said[ORIGINAL]
    found = {
        "accuracy": (tracks == y).mean(),
        "balanced": balanced_accuracy(y, tracks),
    }
    for v in variants:
        if v != ORIGINAL:
            found[f"{v} accuracy"] = (said[v][0] == y).mean()
            found[f"{v} tracks"] = (said[v][0] != tracks).mean()
            found[f"{v} windows"] = (said[v][1] != of_windows).mean()
    return {name: float(value) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--variants", default="mp3:64k,yt")
    parser.add_argument("--model", action="append")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    variants = [ORIGINAL, *options.variants.split(",")]
    workers = Parallel(n_jobs=options.jobs)
    dataset, material = loaded(options.db, variants, options.cache, workers)
    table = []
    for model in options.model or ["logistic", "svm-rbf"]:
        jobs = [(step, seed) for step in STEPS for seed in range(options.seeds)]
        said = workers(
            delayed(run)(step, model, dataset, material, variants, seed)
            for step, seed in jobs
        )
        for step in STEPS:
            mine = [
                figures(s, dataset, variants)
                for (other, _), s in zip(jobs, said, strict=True)
                if other is step
            ]
            mean = {name: float(np.mean([m[name] for m in mine])) for name in mine[0]}
            table.append((model, step[0].name, step[1].name, mean))
            show(table[-1])
    if options.json:
        options.json.write_text(json.dumps(table, indent=1))


def loaded(
    db: str, variants: list[str], cache: Path, workers: Parallel
) -> tuple[Dataset, Material]:
    with open_catalog(db, mode="read") as catalog:
        data = load_training_data(catalog, "artist")
        known = candidates(catalog, data.library.feature_set_id)
    files = {c.payload_hash: c for c in known}
    tracks = [track.payload_hash for track in data.tracks]
    tasks = [(payload, v) for payload in tracks for v in variants]
    paths = {p: files[p].root + b"/" + files[p].path for p in tracks}
    got = workers(delayed(windows)(paths[p], p, v, cache) for p, v in tasks)
    found = dict(zip(tasks, got, strict=True))
    return data.dataset, Material(found, tracks, variants)


def show(row: tuple[str, str, str, dict[str, float]]) -> None:
    model, treatment, learning, found = row
    numbers = "  ".join(f"{name} {value:.3f}" for name, value in found.items())
    print(f"{model:10} {treatment:26} {learning:26} {numbers}", flush=True)


if __name__ == "__main__":
    main()
