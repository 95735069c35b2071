"""Every model by name: learns, keeps its promises, survives the catalog."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.records import FeatureSetFacts
from catalog.runs import load_model, load_run
from catalog.schema import open_catalog
from classify import model as artifacts
from classify.arrays import Dataset, Windows
from classify.exceptions import (
    FeatureSetMismatchError,
    UnknownModelError,
    UntrustedArtifactError,
)
from classify.model import Member, Model
from classify.models.base import (
    balanced_weights,
    fit,
    split_into_parts,
    track_statistics,
)
from classify.models.registry import (
    LARGE,
    MANY,
    NAMES,
    VOTING,
    model_spec,
    select_models,
)
from classify.refit import load_run_data, refit_model

SINGLE_MODELS = [name for name in NAMES if name != VOTING]
COLUMNS = tuple(f"f{i}" for i in range(6))
FACTS = FeatureSetFacts(1, ("a",), {})


def _needs(name):
    if name == "rnn":
        pytest.importorskip("torch")


def model_of(dataset, name="svm-rbf"):
    fitted = fit(model_spec(name), model_spec(name).param_grid[0], dataset, seed=0)
    return Model(
        dataset.labels, (Member(name, fitted, 1.3, 1.0),), 1.0, 1, ("a",), COLUMNS
    )


def test_the_majority_counts_tracks_however_long_they_are():
    rng = np.random.default_rng(0)
    track = np.repeat(np.arange(7), [2, 2, 2, 2, 12, 12, 12])
    rows = Windows(rng.normal(size=(len(track), 6)).astype(np.float32), track, 7)
    y = np.array([0, 0, 0, 0, 1, 1, 1])
    dataset = Dataset(rows, y, np.arange(7), ("short", "long"))
    fitted = fit(model_spec("majority"), {}, dataset, seed=0)
    _windows, tracks = fitted.predict_proba(rows)
    np.testing.assert_allclose(tracks, [[4 / 7, 3 / 7]] * 7)


@pytest.mark.parametrize("name", [n for n in SINGLE_MODELS if n != "majority"])
def test_a_model_tells_apart_what_is_far_apart(make_dataset, name):
    _needs(name)
    dataset, further = make_dataset(apart=10.0), make_dataset(apart=10.0, seed=1)
    fitted = fit(model_spec(name), model_spec(name).param_grid[0], dataset, seed=0)
    _, p = fitted.predict_proba(further.windows)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert (p.argmax(axis=1) == further.y).mean() > 0.9


@pytest.mark.parametrize("name", SINGLE_MODELS)
@pytest.mark.parametrize("labels", [2, 3])
def test_a_model_comes_back_from_its_bytes_unchanged(make_dataset, name, labels):
    _needs(name)
    dataset = make_dataset(labels=labels)
    model = model_of(dataset, name)
    again = artifacts.load(artifacts.dump(model))
    for before, after in zip(
        model.predict_proba(dataset.windows, FACTS),
        again.predict_proba(dataset.windows, FACTS),
        strict=True,
    ):
        np.testing.assert_array_equal(before, after)


@pytest.fixture
def older_catalog(tmp_path):
    """Return a catalog with a vote of four models from before their types moved."""
    stored = Path(__file__).parents[1] / "catalog" / "data" / "library-0001.sqlite.gz"
    path = tmp_path / "catalog.db"
    path.write_bytes(gzip.decompress(stored.read_bytes()))
    with open_catalog(str(path)) as catalog:
        yield catalog


def test_a_model_that_was_stored_under_older_names_predicts_the_same(older_catalog):
    run = load_run(older_catalog)
    model = artifacts.load(load_model(older_catalog, run.id))
    data = load_run_data(older_catalog, run)
    _, p = model.predict_proba(data.dataset.windows, data.feature_set)
    np.testing.assert_array_equal(p.argmax(axis=1), data.dataset.y)
    now = refit_model(run, data, data.dataset)
    _, again = now.predict_proba(data.dataset.windows, data.feature_set)
    np.testing.assert_allclose(p, again, atol=1e-6)


def test_a_stored_model_cannot_name_a_type_of_its_own(make_dataset):
    stored = artifacts.dump(model_of(make_dataset()))
    data = stored.data
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                schema = json.loads(content)
                schema["__class__"], schema["__module__"] = "Popen", "subprocess"
                content = json.dumps(schema).encode()
            new.writestr(name, content)
    with pytest.raises(UntrustedArtifactError, match="Popen"):
        artifacts.load(replace(stored, data=out.getvalue()))


def test_a_model_refuses_rows_of_another_feature_set(make_dataset):
    dataset = make_dataset()
    model = model_of(dataset)
    with pytest.raises(FeatureSetMismatchError, match="classify --all"):
        model.predict_proba(dataset.windows, FeatureSetFacts(2, ("a",), {}))
    with pytest.raises(FeatureSetMismatchError):
        model.predict_proba(dataset.windows, FeatureSetFacts(1, ("b",), {}))


def test_a_model_refuses_rows_without_what_is_made_of_the_sequences(make_dataset):
    dataset = make_dataset()
    rows = dataset.windows
    fewer = Windows(rows.X[:, :3], rows.track, rows.n_tracks)
    with pytest.raises(FeatureSetMismatchError, match="sequences"):
        model_of(dataset).predict_proba(fewer, FACTS)


def test_a_name_that_is_none_names_all():
    with pytest.raises(UnknownModelError, match="svm-rbf"):
        select_models(["oracle"])
    torch = importlib.util.find_spec("torch") is not None
    assert select_models(["all"]) == tuple(n for n in NAMES if torch or n != "rnn")
    assert select_models(["majority", "majority"]) == ("majority",)


def test_weights_make_labels_and_tracks_equal():
    """A label of one long track weighs what a label of two short ones does."""
    track = np.array([0, 0, 0, 0, 1, 2, 2])
    y = np.array([0, 0, 0, 0, 1, 1, 1])
    weights = balanced_weights(y, track)
    assert weights[y == 0].sum() == pytest.approx(weights[y == 1].sum())
    assert weights[track == 1].sum() == pytest.approx(weights[track == 2].sum())
    assert weights.mean() == pytest.approx(1.0)


def test_a_label_unseen_in_training_gets_no_probability(make_dataset):
    dataset = make_dataset()
    known = dataset.of_tracks(np.flatnonzero(dataset.y != 1))
    fitted = fit(
        model_spec("svm-rbf"), model_spec("svm-rbf").param_grid[0], known, seed=0
    )
    _, p = fitted.predict_proba(dataset.windows)
    assert (p[:, 1] == 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("name", "n_labels", "words"),
    [("svm-rbf", 3, "landmarks"), ("svm-rbf", MANY + 1, "squares"), ("knn", 3, "near")],
)
def test_a_large_library_gets_a_cheaper_model_and_is_told(
    make_dataset, name, n_labels, words
):
    assert model_spec(name).note is None
    large = model_spec(name, LARGE + 1, n_labels)
    assert words in large.note
    dataset, further = make_dataset(apart=8.0), make_dataset(apart=8.0, seed=1)
    fitted = fit(large, large.param_grid[0], dataset, seed=0)
    _, p = fitted.predict_proba(further.windows)
    assert (p.argmax(axis=1) == further.y).mean() > 0.9
    member = Member(name, fitted, 1.0, 1.0)
    model = Model(dataset.labels, (member,), 1.0, 1, ("a",), COLUMNS)
    again = artifacts.load(artifacts.dump(model)).predict_proba(dataset.windows, FACTS)
    np.testing.assert_array_equal(
        again[1], model.predict_proba(dataset.windows, FACTS)[1]
    )


def test_five_hundred_labels_are_learned_without_a_model_for_each_pair(make_dataset):
    dataset = make_dataset(labels=500, albums=2, tracks=1, windows=2)
    for name in ("svm-rbf", "track-svm"):
        learner = model_spec(name, len(dataset.windows.X), 500)
        fitted = fit(learner, learner.param_grid[0], dataset, seed=0)
        _, p = fitted.predict_proba(dataset.windows)
        assert p.shape == (1000, 500)
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        assert (p.argmax(axis=1) == dataset.y).mean() > 0.1  # 50 times chance


def test_a_tracks_change_tells_drifting_from_alternating():
    drifting, alternating = [0.0, 0.0, 4.0, 4.0], [0.0, 4.0, 0.0, 4.0]
    X = np.array([[v] for v in (*drifting, *alternating, 7.0)], dtype=np.float32)
    rows = Windows(X, np.array([0] * 4 + [1] * 4 + [2]), 3)
    expected = [[2, 2, 4 / 3], [2, 2, 4], [7, 0, 0]]
    np.testing.assert_allclose(track_statistics(rows), expected, rtol=1e-6)


def test_parts_are_the_whole_and_three_halves_of_each_track():
    X = np.arange(12.0, dtype=np.float32)[:, None]
    parts, owner = split_into_parts(Windows(X, np.array([0] * 8 + [1] * 4), 2))
    found = [parts.X[parts.track == i, 0].tolist() for i in range(parts.n_tracks)]
    assert found == [
        list(range(8)),
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [2, 3, 4, 5],
        [8, 9, 10, 11],  # too short for parts
    ]
    assert owner.tolist() == [0, 0, 0, 0, 1]
