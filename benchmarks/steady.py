"""How steady judgements are against lossy coding, by the way of learning: an ablation.

    scan --variants mp3:64k,yt --sample 1000 --db catalog.db
    python benchmarks/steady.py --db catalog.db --seeds 2

Reads the variants that the catalog holds. Folds are grouped by album, everything is
chosen and learned on the training side, and a variant is judged by the model that
never heard its album. With --learn only some variants are learned from, and the others
show what it is worth against codecs that no model has seen.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace

import numpy as np

from catalog.schema import open_catalog
from classify.arrays import CodecPairs, Dataset
from classify.codec_pairs import Flips, PairPredictions, add_codec_pairs, count_flips
from classify.cross_validation import tune
from classify.dataset import load_training_data
from classify.ensemble import combine_tunings
from classify.folds import OUTER_FOLDS, album_folds
from classify.metrics import apply_temperature
from classify.models import wccn
from classify.models.base import fit
from classify.models.registry import VOTERS, VOTING, model_spec

PLAIN = "plain"
STEADIED = "steadied"


def projected(rows: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Nuisance attribute projection: drop the ten directions that move most."""
    _, directions = np.linalg.eigh(shifts.T @ shifts)
    moving = directions[:, -10:]
    return np.eye(rows.shape[1]) - moving @ moving.T


def shrunk(rows: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Wiener-like: each direction by its share of variance that is not coding's."""
    moved, directions = np.linalg.eigh(shifts.T @ shifts / len(shifts))
    spread = ((rows @ directions) ** 2).mean(axis=0)
    kept = spread / np.maximum(spread + moved, 1e-9)
    return (directions * kept) @ directions.T


def floored(rows: np.ndarray, shifts: np.ndarray, least: float) -> np.ndarray:
    """Whitened like the default, with a fixed variance added in every direction."""
    moved, directions = np.linalg.eigh(shifts.T @ shifts / len(shifts))
    root = (directions / np.sqrt(np.maximum(moved, 0) + least)) @ directions.T
    return root * np.sqrt((rows**2).sum() / ((rows @ root) ** 2).sum())


WAYS = {
    PLAIN: None,
    STEADIED: wccn.wccn_transform,
    "projected": projected,
    "shrunk": shrunk,
    "floor 0.1": lambda rows, shifts: floored(rows, shifts, 0.1),
    "floor 0.01": lambda rows, shifts: floored(rows, shifts, 0.01),
    "floor 0.001": lambda rows, shifts: floored(rows, shifts, 0.001),
}


def judged(
    dataset: Dataset, shown: tuple[CodecPairs, ...], models: list[str], seed: int
) -> dict[tuple[str, str], Flips]:
    """Return what the variants `shown` do to each model, out of fold."""
    said: dict[tuple[str, str], list] = defaultdict(list)
    model_specs = dict.fromkeys(m for m in models if m != VOTING)
    model_specs |= dict.fromkeys(VOTERS if VOTING in models else ())
    folds = album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=seed)
    for fold in folds:
        training = dataset.of_tracks(fold.train)
        chosen = {m: tune(model_spec(m), training, seed=seed) for m in model_specs}
        fitted = {
            m: fit(model_spec(m), c.params, training, seed=seed)
            for m, c in chosen.items()
        }
        weights = {m: {m: 1.0} for m in models}
        if VOTING in models:
            setting = combine_tunings({m: chosen[m] for m in VOTERS}, training.y).params
            weights[VOTING] = {m: setting[m]["weight"] for m in VOTERS}
        for one in shown:
            part = one.of_tracks(fold.test)
            sides = []
            for rows in (part.original, part.coded):
                p = {m: fitted[m].predict_proba(rows) for m in model_specs}
                sides.append(
                    {
                        m: (w, apply_temperature(t, chosen[m].temperature))
                        for m, (w, t) in p.items()
                    }
                )
            for model in models:
                windows, tracks = (
                    tuple(
                        sum(share * side[m][k] for m, share in weights[model].items())
                        for side in sides
                    )
                    for k in (0, 1)
                )
                said[model, one.variant].append((part.tracks, windows, tracks))
    return {key: _flips(parts, dataset) for key, parts in said.items()}


def _flips(parts: list, dataset: Dataset) -> Flips:
    tracks = np.concatenate([known for known, _, _ in parts])
    windows, of_tracks = (
        tuple(np.concatenate([part[k][side] for part in parts]) for side in (0, 1))
        for k in (1, 2)
    )
    return count_flips(PairPredictions(windows, of_tracks), dataset.y[tracks])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", required=True)
    parser.add_argument("--way", action="append", choices=list(WAYS))
    parser.add_argument("--model", action="append")
    parser.add_argument("--learn", help="Variants to learn from; default: all.")
    parser.add_argument("--tracks", type=int, help="Learn from so many of each.")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    models = options.model or ["logistic", VOTING]
    dataset = loaded(options.db)
    shown = dataset.pairs
    wanted = options.learn.split(",") if options.learn else [p.variant for p in shown]
    learned = tuple(
        few(pairs, options.tracks) for pairs in shown if pairs.variant in wanted
    )
    for way in options.way or WAYS:
        if WAYS[way]:
            wccn.wccn_transform = WAYS[way]
        known = replace(dataset, pairs=() if way == PLAIN else learned)
        found = [judged(known, shown, models, seed) for seed in range(options.seeds)]
        for model in models:
            show(way, model, [p.variant for p in shown], found)


def loaded(db: str) -> Dataset:
    with open_catalog(db, mode="read") as catalog:
        data = load_training_data(catalog, "artist")
        return add_codec_pairs(catalog, data).dataset


def few(pairs: CodecPairs, tracks: int | None) -> CodecPairs:
    if tracks is None:
        return pairs
    drawn = np.random.default_rng(0).permutation(pairs.tracks)[:tracks]
    return pairs.of_tracks(np.sort(drawn))


def show(way: str, model: str, variants: list[str], found: list[dict]) -> None:
    def mean(variant: str, name: str) -> float:
        return float(np.mean([getattr(one[model, variant], name) for one in found]))

    first = variants[0]
    print(
        f"{way:12} {model:15} accuracy {mean(first, 'accuracy_before'):.3f}"
        f"  balanced {mean(first, 'balanced_before'):.3f}",
        *(
            f" {v}: tracks {mean(v, 'tracks_flipped'):.3f}"
            f" windows {mean(v, 'windows_flipped'):.3f}"
            f" accuracy {mean(v, 'accuracy'):.3f}"
            for v in variants
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
