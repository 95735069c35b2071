"""The two commands from end to end on small catalogs, checked with plain sqlite3."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3

import numpy as np
import pytest

from sonicat.classify import classify
from sonicat.report import report
from tests.runner import Runner


def run(command, *options):
    return Runner().invoke(command, [str(o) for o in options])


@pytest.fixture(scope="module")
def judged(make_catalog, make_dataset, tagged):
    """Return a catalog that was classified once, for tests that only read it."""
    path = make_catalog(tagged(make_dataset()))
    result = run(classify, "--all", "--db", path, "-j", 1)
    assert result.exit_code == 0, result.output
    return path


def query(path, sql, *values):
    with sqlite3.connect(path) as connection:
        return connection.execute(sql, values).fetchall()


def test_several_models_are_one_table(bands):
    result = run(
        classify,
        "--all",
        "--model",
        "majority",
        "--model",
        "svm-rbf",
        "--db",
        bands,
        "-j",
        1,
    )
    assert result.exit_code == 0, result.output
    for words in ("balanced", "macro f1", "brier", "flattering", "most frequent label"):
        assert words in result.output
    ranked = [line.split()[0] for line in result.output.splitlines() if line]
    assert ranked.index("svm-rbf") < ranked.index("majority")


def test_one_model_is_told_in_words(bands):
    result = run(classify, "--all", "--model", "svm-rbf", "--db", bands, "-j", 1)
    assert result.exit_code == 0, result.output
    for words in ("accuracy", "95 %", "balanced", "macro F1", "most frequent label"):
        assert words in result.output
    assert "random split of windows" in result.output


def test_every_track_is_judged_once_and_out_of_fold(judged):
    rows = query(
        judged,
        "SELECT count(*), count(DISTINCT track_id), sum(out_of_fold) "
        "FROM track_predictions",
    )
    assert rows == [(36, 36, 36)]
    ((windows,),) = query(judged, "SELECT count(*) FROM window_predictions")
    assert windows == 144
    sums = [
        sum(json.loads(p))
        for (p,) in query(judged, "SELECT probabilities FROM track_predictions")
    ]
    np.testing.assert_allclose(sums, 1.0)


def test_the_report_agrees_with_the_view_to_the_last_digit(judged):
    result = run(report, "--db", judged, "--format", "csv")
    shown = list(csv.DictReader(io.StringIO(result.output)))
    viewed = query(
        judged,
        "SELECT artist, album, year, tracks, tracks_right, accuracy, mean_p_true "
        "FROM v_album_accuracy ORDER BY artist, year, album",
    )
    assert len(shown) == len(viewed) == 12
    for row, (artist, album, year, tracks, right, accuracy, p_true) in zip(
        shown, viewed, strict=True
    ):
        assert (row["artist"], row["album"]) == (artist, album)
        assert (int(row["year"]), int(row["tracks"])) == (year, tracks)
        assert int(row["right"]) == right
        assert float(row["accuracy"]) == accuracy
        assert float(row["p_true"]) == p_true


def test_the_eras_agree_with_the_view(judged):
    result = run(
        report, "--by-era", "--artist", "band 1", "--through", 1985,
        "--db", judged, "--format", "json",
    )  # fmt: skip
    before, after = json.loads(result.output)["rows"]
    for row, condition in ((before, "year <= 1985"), (after, "year > 1985")):
        assert query(
            judged,
            "SELECT sum(tracks), sum(tracks_right) FROM v_era_accuracy "
            f"WHERE artist = 'Band 1' AND {condition}",
        ) == [(row["tracks"], row["right"])]
        ((p_true,),) = query(
            judged,
            "SELECT avg(p_true) FROM v_predictions "
            f"WHERE artist = 'Band 1' AND {condition}",
        )
        assert row["p_true"] == p_true
    assert before["albums"] == 2


def test_the_confusion_adds_up(judged):
    result = run(report, "--confusion", "--db", judged, "--format", "json")
    rows = json.loads(result.output)["rows"]
    counted = sum(row[name] for row in rows for name in ("Band 0", "Band 1", "Band 2"))
    assert counted == 36


def test_tables_fit_the_terminal(judged, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = run(report, "--db", judged)
    assert result.exit_code == 0
    assert max(len(line) for line in result.output.splitlines()) <= 80


def test_a_report_goes_to_a_file(judged, tmp_path):
    target = tmp_path / "albums.csv"
    result = run(report, "--db", judged, "--format", "csv", "-o", target)
    assert result.output == ""
    assert target.read_text().startswith("run,artist,album")
    missing = run(report, "--db", judged, "-o", tmp_path / "none" / "x")
    assert missing.exit_code == 1
    assert "name another file" in missing.output


def test_the_same_seed_gives_the_same_numbers(judged, tmp_path):
    again = shutil.copy(judged, tmp_path)
    assert run(classify, "--all", "--db", again, "-j", 1).exit_code == 0
    first, second = (
        query(
            again,
            "SELECT track_id, fold, label, probabilities FROM track_predictions "
            "WHERE run_id = ? ORDER BY track_id",
            number,
        )
        for number in (1, 2)
    )
    assert first == second
    assert query(again, "SELECT count(DISTINCT dataset_hash) FROM runs") == [(1,)]


def test_tracks_without_a_label_get_one_from_the_final_model(
    make_catalog, make_dataset, tagged
):
    rows = tagged(make_dataset())
    tags, vectors = rows[5]
    rows.append((type(tags)(title="who is this"), vectors))
    path = make_catalog(rows)
    result = run(classify, "--all", "--model", "logistic", "--db", path, "-j", 1)
    assert result.exit_code == 0, result.output
    assert query(
        path,
        "SELECT label, true_label, fold, out_of_fold FROM track_predictions "
        "JOIN tracks ON tracks.id = track_id WHERE tracks.title = 'who is this'",
    ) == [("Band 0", None, None, 0)]


def test_no_run_and_no_catalog_are_answered_in_one_line(bands, tmp_path):
    nothing = run(report, "--db", bands)
    assert nothing.exit_code == 1
    assert "classify --all" in nothing.output
    for command in (report, classify):
        options = ["--all"] if command is classify else []
        absent = run(command, *options, "--db", tmp_path / "none.db")
        assert absent.exit_code == 1
        assert "scan FOLDER" in absent.output
    assert not (tmp_path / "none.db").exists()


def test_wrong_usage_exits_with_2(bands):
    for options in ([], ["--all", "--model", "oracle"], ["--all", "--label", "mood"]):
        assert run(classify, *options, "--db", bands).exit_code == 2


def test_a_wrong_name_is_told_before_what_else_is_missing(bands):
    """The known names come with it, also where --all was forgotten."""
    assert "voting" in run(classify, "--model", "oracle", "--db", bands).output
    assert "decade" in run(classify, "--label", "mood", "--db", bands).output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--png"], "--plots"),
        (["--train"], "--format html"),
        (["--plots", "x", "-o", "y"], "leave -o out"),
        (["--artist", "Band 1"], "--by-era"),
        (["--confusion", "--through", "1985"], "--by-era"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(judged, options, told):
    result = run(report, *options, "--db", judged)
    assert result.exit_code == 2
    assert told in result.output


def test_the_page_of_a_run_that_is_not_there_is_refused(judged):
    result = run(report, "--run", 99, "--format", "html", "--db", judged)
    assert result.exit_code == 1
    assert "--run 99" in result.output


def test_one_label_is_too_little(bands):
    result = run(classify, "--only", "Band 1", "--db", bands)
    assert result.exit_code == 1
    assert "at least 2" in result.output
    assert "Traceback" not in result.output


def test_an_artist_that_is_not_there_names_those_that_are(judged):
    result = run(report, "--by-era", "--db", judged)
    assert result.exit_code == 1
    assert "Band 0" in result.output
