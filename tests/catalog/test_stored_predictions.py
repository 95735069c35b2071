"""Predictions on their way into the catalog and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catalog.datasets import load_library
from catalog.predictions import track_predictions, track_window_predictions
from catalog.regroup import regroup
from catalog.runs import RunFacts
from catalog.store_run import Predictions, store_run
from catalog.store_scan import store_batch


def test_of_many_labels_the_most_probable_are_kept(catalog, make, root_id):
    labels = tuple(f"L{k:02}" for k in range(30))
    store_batch(catalog, [make.scanned(root_id, b"1", analysis=make.analysis())])
    regroup(catalog)
    library = load_library(catalog)
    assert library is not None
    p = np.arange(30.0)[None] / np.arange(30.0).sum()
    one = np.array([library.tracks[0].id])
    said = Predictions.from_matrix(
        one, np.zeros(1, np.intp), np.array([2]), p, labels, kept=5
    )
    run = RunFacts("artist", "m", 0, 1, "hash", labels, {}, {}, {})
    number = store_run(
        catalog,
        run,
        folds=[],
        tracks=[said],
        windows=[replace(said, ids=library.windows.window_id[:1])],
        models=[],
        known=library.tracks,
    )
    (track,) = track_predictions(catalog, number)
    assert list(track.probabilities) == ["L29", "L28", "L27", "L26", "L25"]
    assert track.probabilities["L29"] == pytest.approx(p[0, 29], abs=1e-6)
    assert (track.label, track.p_label) == ("L29", p[0, 29])
    assert (track.true_label, track.p_true) == ("L02", p[0, 2])
    (window,) = track_window_predictions(catalog, number, track.track_id).values()
    assert window.probabilities == track.probabilities
