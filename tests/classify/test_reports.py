"""Every report on a small library whose answers can be counted by hand."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from classify.reports.features import effect_sizes
from classify.reports.learning_curve import at_most
from classify.reports.registry import OF_AN_ARTIST, REPORTS, STUDIES
from classify.reports.table import Column, Table, as_csv, as_json, as_text
from sonicat.classify import classify
from sonicat.report import report
from tests.runner import Runner


@pytest.fixture(scope="module")
def judged(make_catalog, make_dataset, tagged):
    """Return a catalog with a hard dataset, judged by two models."""
    path = make_catalog(tagged(make_dataset(apart=1.5)))
    result = Runner().invoke(
        classify,
        [
            "--all",
            "--model",
            "majority",
            "--model",
            "logistic",
            "-j",
            "1",
            "--db",
            str(path),
        ],
    )
    assert result.exit_code == 0, result.output
    return path


def rows_of(path, *options):
    result = Runner().invoke(report, [*options, "--db", str(path), "--format", "json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


TRAINED = [r for r in STUDIES if r.name in ("features", "learning-curve")]


@pytest.mark.parametrize(
    ("found", "form"),
    [
        *((found, form) for found in REPORTS for form in ("table", "csv", "json")),
        *((found, "json") for found in TRAINED),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_report_comes_in_every_format(judged, found, form):
    result = Runner().invoke(
        report, [f"--{found.name}", "--db", str(judged), "--format", form]
    )
    assert result.exit_code == 0, result.output
    assert result.output.strip()


@pytest.mark.parametrize("found", OF_AN_ARTIST, ids=lambda r: r.name)
def test_reports_of_an_artist_take_a_year(judged, found):
    document = rows_of(
        judged, f"--{found.name}", "--artist", "Band 1", "--through", "1985"
    )
    counted = [row.get("tracks", row.get("judged")) for row in document["rows"][:2]]
    assert counted == [6, 6]
    assert any("p = " in note or "chance" in note for note in document["notes"])


def test_sections_add_up_to_all_windows(judged):
    rows = {r["section"]: r for r in rows_of(judged, "--by-section")["rows"]}
    with sqlite3.connect(judged) as connection:
        ((windows, right),) = connection.execute(
            "SELECT count(*), avg(label = true_label) FROM window_predictions "
            "WHERE run_id = 2"
        ).fetchall()
    assert rows["all"]["windows"] == windows
    assert rows["all"]["accuracy"] == pytest.approx(right)
    parts = (rows[name]["windows"] for name in ("intro", "middle", "outro"))
    assert sum(parts) == windows


def test_loud_windows_are_above_the_median_of_their_track(judged, tmp_path):
    path = tmp_path / "levels.db"
    shutil.copy(judged, path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE windows SET rms_mean = (id * 7919) % 101")
    rows = {r["section"]: r for r in rows_of(path, "--by-section")["rows"]}
    with sqlite3.connect(path) as connection:
        found = connection.execute(
            "SELECT analysis_id, rms_mean FROM windows JOIN window_predictions "
            "ON window_id = windows.id WHERE run_id = 2"
        ).fetchall()
    tracks = np.array([track for track, _ in found])
    levels = np.array([level for _, level in found])
    loud = 0
    for track in np.unique(tracks):
        own = levels[tracks == track]
        loud += int((own > np.median(own)).sum())
    assert rows["loud"]["windows"] == loud
    assert rows["quiet"]["windows"] == len(levels) - loud


def test_people_are_told_of_rows_that_they_are_not_shown():
    rows = tuple((n,) for n in range(5))
    table = Table("Counts", (Column("n", "count"),), rows, ("A note.",), {}, most=2)
    text = as_text(table, None)
    assert "The first 2 of 5 rows" in text
    assert (
        text.count("\n") == as_text(replace(table, rows=rows[:2]), None).count("\n") + 1
    )
    assert as_csv(table).count("\n") == 6
    assert len(json.loads(as_json(table))["rows"]) == 5


def test_the_models_are_compared_on_the_same_tracks(judged):
    document = rows_of(judged, "--models")
    assert [row["model"] for row in document["rows"]] == ["logistic", "majority"]
    assert document["rows"][0]["p_vs_best"] is None
    assert 0 < document["rows"][1]["p_vs_best"] <= 1


def test_the_hardest_are_wrong_and_sorted(judged):
    rows = rows_of(judged, "--hardest")["rows"]
    assert all(row["label"] != row["taken_for"] for row in rows)
    hard = [row["p_label"] for row in rows if row["verdict"] == "hard"]
    assert hard == sorted(hard, reverse=True)


def test_a_track_under_a_wrong_name_is_found(make_catalog, make_dataset, tagged):
    """One album holds a song of another band: it is the first to listen to."""
    rows = tagged(make_dataset(apart=6.0))
    tags, _ = rows[4]
    rows[4] = (tags, rows[20][1])
    path = make_catalog(rows)
    Runner().invoke(
        classify, ["--all", "--model", "logistic", "-j", "1", "--db", str(path)]
    )
    first = rows_of(path, "--hardest")["rows"][0]
    assert first["verdict"] == "likely mislabelled"
    assert first["title"] == "song 4"
    assert (first["label"], first["taken_for"]) == ("Band 0", "Band 1")


def test_the_effect_of_a_feature_that_is_the_label_is_one(make_dataset):
    dataset = make_dataset()
    dataset.windows.X[:, 0] = dataset.y[dataset.windows.track]
    dataset.windows.X[:, 1] = 1.0
    effects = effect_sizes(dataset)
    assert effects[0] == pytest.approx(1.0)
    assert effects[1] == 0.0
    assert ((effects >= 0) & (effects <= 1)).all()


def test_a_learning_curve_draws_whole_albums(make_dataset):
    dataset = make_dataset()
    tracks = np.arange(len(dataset.y))
    kept = at_most(dataset, tracks, 2, np.random.default_rng(0))
    for k in range(3):
        groups = dataset.groups[kept][dataset.y[kept] == k]
        assert len(np.unique(groups)) == 2
        assert len(groups) == 6


def test_a_study_of_a_library_that_has_changed_is_refused(
    make_catalog, make_dataset, tagged
):
    path = make_catalog(tagged(make_dataset()))
    Runner().invoke(
        classify, ["--all", "--model", "logistic", "-j", "1", "--db", str(path)]
    )
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE tracks SET missing_since = added_at WHERE id = 1")
    result = Runner().invoke(report, ["--features", "--db", str(path)])
    assert result.exit_code == 1
    assert "changed" in result.output
