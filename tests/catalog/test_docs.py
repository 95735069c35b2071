"""The views are as docs/catalog.md describes them, and its queries answer."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog import library as tracks
from catalog.database import Catalog
from catalog.datasets import load_library
from catalog.records import FileFailed, Stamp, TagFacts, TrackMissing
from catalog.runs import FoldFacts, RunFacts, StoredModel
from catalog.store_run import Predictions, store_run
from catalog.store_scan import store_batch

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "catalog.md").read_text("utf-8")
QUERIES = dict(
    re.findall(r"^#### (.+?)\n.*?^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
)
LIBRARY = (  # artist, album, year, loudness
    ("Metallica", "Master of Puppets", "1986", -12.0),
    ("Metallica", "...And Justice for All", "1988", -11.0),
    ("Metallica", "Metallica", "1991", -8.0),
    ("Rush", "Moving Pictures", "1981", -14.0),
    ("Rush", "Counterparts", "1993", -9.0),
)


def fill(catalog: Catalog, make) -> None:
    """Put in a small library, a run over it, and one of everything that goes wrong."""
    root = tracks.ensure_root(catalog, b"/music")
    changes = []
    for album, (artist, title, year, loudness) in enumerate(LIBRARY):
        for number in (1, 2, 4):  # 3 is not there
            path = f"{artist}/{title}/{number}.mp3".encode()
            tags = TagFacts(
                title=f"Song {number}",
                artists=(artist,),
                albumartist=artist,
                album=title,
                track_number=number,
                date=year,
                genres=("Metal",),
            )
            analysis = make.analysis(10 * album + number, loudness_lufs=loudness)
            changes.append(
                make.scanned(
                    root.id,
                    path,
                    tags=tags,
                    analysis=analysis,
                    payload_hash=f"{album} {number}",
                )
            )
    twin = replace(changes[0], path=b"copy.mp3", tags=TagFacts(title="Battery"))
    gone = replace(changes[-1], path=b"gone.mp3", payload_hash="gone")
    bad = FileFailed(root.id, b"bad.mp3", Stamp(1, 1), "decode", "no frame found")
    store_batch(catalog, [*changes, twin, gone, bad])
    known = {track.path: track for track in tracks.known_tracks(catalog, root.id)}
    store_batch(catalog, [TrackMissing(known[b"gone.mp3"].id)])
    store_predictions(catalog, [known[change.path].id for change in changes])


def store_predictions(catalog: Catalog, ids: list[int]) -> None:
    """Store a run that is wrong about every third track."""
    true = np.array([0] * 9 + [1] * 6, np.intp)
    predicted = np.where(np.arange(len(ids)) % 3 == 2, 1 - true, true)
    p = np.where(np.arange(2)[None, :] == predicted[:, None], 0.7, 0.3)
    labels = ("Metallica", "Rush")
    store_run(
        catalog,
        RunFacts("artist", "svm-rbf", 0, 1, "hash", labels, {}, {}, {}),
        folds=[FoldFacts(0, 15, 5, 0.6, 0.6, 0.6, {}, 1.0, 0.1)],
        tracks=[
            Predictions.from_matrix(
                np.array(ids, np.int64), np.zeros(len(ids), np.intp), true, p, labels
            )
        ],
        windows=[],
        models=[StoredModel("model", "skops", b"bytes")],
        known=load_library(catalog).tracks,
    )


@pytest.fixture
def ask(sqlite_catalog, make):
    """Ask as anybody would: the sqlite3 module, the closed file, nothing else."""
    fill(sqlite_catalog, make)
    sqlite_catalog.close()
    uri = f"{sqlite_catalog.path.as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as plain:
        yield lambda query: plain.execute(query).fetchall()


def test_there_are_queries():
    assert len(QUERIES) == PAGE.count("```sql")
    assert len(QUERIES) >= 10


@pytest.mark.parametrize("title", QUERIES)
def test_every_query_answers(ask, title):
    assert ask(QUERIES[title])


def test_every_query_answers_on_a_server_too(postgres_catalog, make):
    fill(postgres_catalog, make)
    for title, query in QUERIES.items():
        assert postgres_catalog.rows(query), title


def test_mean_centroid_is_that_of_the_windows(ask, make):
    def centroid(albums: list[int]) -> float:
        analyses = [make.analysis(10 * a + n) for a in albums for n in (1, 2, 4)]
        columns = [one.windows.columns["spectral_centroid_hz"] for one in analyses]
        return float(np.concatenate(columns).mean())

    # The copy without tags counts for nobody.
    assert ask(QUERIES["Mean centroid of an artist before and after a year"]) == [
        ("through 1988", 6, pytest.approx(centroid([0, 1]))),
        ("after 1988", 3, pytest.approx(centroid([2]))),
    ]


def test_loudest_albums_come_first(ask):
    found = [(row[1], row[3]) for row in ask(QUERIES["Loudest albums"])]
    wanted = sorted(((a[1], a[3]) for a in LIBRARY), key=lambda one: -one[1])
    assert found == wanted


def test_eras_add_up(ask):
    assert ask(QUERIES["Is an artist recognised less well after a year?"]) == [
        ("through 1988", 6, 4, 4 / 6),
        ("after 1988", 3, 2, 2 / 3),
    ]


def test_duplicates_name_both_files(ask):
    ((copy, original, album),) = ask(QUERIES["The same recording in several places"])
    assert (copy, original) == ("copy.mp3", "Metallica/Master of Puppets/1.mp3")
    assert album == "Master of Puppets"


def test_gaps_in_the_numbering_are_found(ask):
    found = ask(QUERIES["Albums with tracks missing from the numbering"])
    assert [row[1] for row in found] == sorted(a[1] for a in LIBRARY[:3]) + sorted(
        a[1] for a in LIBRARY[3:]
    )


def test_album_accuracy_counts_what_the_predictions_say(ask):
    for artist, album, tracks_, right, accuracy, p in ask(
        "SELECT artist, album, tracks, tracks_right, accuracy, mean_p_true "
        "FROM v_album_accuracy"
    ):
        rows = ask(
            "SELECT correct, p_true FROM v_predictions WHERE out_of_fold "
            f"AND artist = '{artist}' AND album = '{album}'"
        )
        assert (tracks_, right) == (len(rows), sum(row[0] for row in rows))
        assert accuracy == right / tracks_
        assert p == pytest.approx(sum(row[1] for row in rows) / len(rows))


@pytest.mark.parametrize("view", re.findall(r"^### (v_\w+)", PAGE, re.MULTILINE))
def test_every_column_of_a_view_is_described_in_order(sqlite_catalog, view):
    section = PAGE.split(f"### {view}", 1)[1].split("\n##", 1)[0]
    described = [
        name.strip()
        for names in re.findall(r"^\| ([\w, ]+) \|", section, re.MULTILINE)
        for name in names.split(",")
        if names != "column"
    ]
    columns = sqlite_catalog.rows(f"PRAGMA table_info({view})")
    assert described == [column[1] for column in columns]


def test_every_view_and_table_is_described(sqlite_catalog):
    objects = sqlite_catalog.rows("SELECT type, name FROM sqlite_master")
    views = {name for kind, name in objects if kind == "view"}
    assert views == set(re.findall(r"^### (v_\w+)", PAGE, re.MULTILINE))
    section = PAGE.split("## Tables", 1)[1].split("\n## ", 1)[0]
    described = {
        name.strip()
        for names in re.findall(r"^\| ([\w, ]+) \|", section, re.MULTILINE)
        for name in names.split(",")
    }
    tables = {name for kind, name in objects if kind == "table"}
    assert described - {"table"} == tables - {"alembic_version"}
