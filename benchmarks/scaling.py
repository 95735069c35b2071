"""What each model costs against the number of windows, and how that grows.

    python benchmarks/scaling.py [--model NAME ...] [--windows 1000 10000 100000]

Synthetic windows (ten labels, twenty per track, ten tracks an album) with as many
columns as real ones; one fit of the plainest setting and one prediction of all windows,
in CPU seconds of one process. The last column is the exponent between the two largest
sizes: 1 means in proportion, 2 with the square.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from classify.arrays import Dataset, Windows
from classify.models.base import fit
from classify.models.registry import NAMES, VOTING, model_spec
from classify.sequence_features import STEPS

COLUMNS = 122
LABELS = 10
PER_TRACK = 20


def library(n: int, *, slices: bool) -> Dataset:
    """Return a dataset of `n` windows whose labels overlap."""
    rng = np.random.default_rng(0)
    tracks = n // PER_TRACK
    y = np.arange(tracks) % LABELS
    centre = rng.normal(size=(LABELS, COLUMNS)) * 0.5
    of_track = centre[y] + rng.normal(size=(tracks, COLUMNS))
    track = np.repeat(np.arange(tracks), PER_TRACK)
    X = of_track[track] + rng.normal(size=(n, COLUMNS))
    cut = None
    if slices:
        cut = rng.normal(size=(n, STEPS, 52)).astype(np.float16)
        cut[np.arange(n), :, y[track]] += np.float16(0.5)
    return Dataset(
        Windows(X.astype(np.float32), track, tracks, cut),
        y,
        np.arange(tracks) // 10,
        tuple(f"label {k}" for k in range(LABELS)),
    )


def cost(name: str, n: int) -> tuple[float, float]:
    """Return the CPU seconds of a fit and of a prediction of `n` windows."""
    model = model_spec(name, n)
    dataset = library(n, slices=model.reads in ("chroma", "logmel", "slices"))
    start = time.process_time()
    fitted = fit(model, model.param_grid[0], dataset, seed=0)
    learned = time.process_time()
    fitted.predict_proba(dataset.windows)
    return learned - start, time.process_time() - learned


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append")
    parser.add_argument("--windows", type=int, nargs="+", default=[1000, 10000, 100000])
    options = parser.parse_args()
    names = options.model or [n for n in NAMES if n not in (VOTING, "rnn")]
    sizes = options.windows
    print("CPU s: fit / predict")
    print(f"{'model':18}" + "".join(f"{n:>18}" for n in sizes) + "   fit grows as")
    for name in names:
        costs = [cost(name, n) for n in sizes]
        cells = "".join(f"{f:10.2f} /{p:6.2f}" for f, p in costs)
        print(f"{name:18}{cells}   {_growth(costs, sizes)}", flush=True)


def _growth(costs: list[tuple[float, float]], sizes: list[int]) -> str:
    if len(sizes) < 2:
        return ""
    ratio = max(costs[-1][0], 1e-3) / max(costs[-2][0], 1e-3)
    return f"n^{np.log(ratio) / np.log(sizes[-1] / sizes[-2]):.1f}"


if __name__ == "__main__":
    main()
