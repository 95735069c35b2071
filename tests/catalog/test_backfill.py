"""A catalog of schema 0001 is regrouped from the raw tags that it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catalog.database import Catalog
from catalog.maintenance import check
from catalog.runs import changes_since
from catalog.schema import migrate, open_catalog, upgrade
from catalog.statistics import load_track_statistics
from sonicat.db import db
from tests.runner import Runner

ONE = "11111111-2222-4333-8444-555555555555"
WHEN = "2026-01-01 00:00:00.000000"
VECTORS = np.arange(12, dtype="<f4").reshape(3, 4)

# path, artist and album as schema 0001 had them, then the tags of the file
FILES: list[tuple[str, str, str | None, dict[str, str]]] = [
    *(
        (f"AF/{year}/{n}", "American Football", "American Football", {"TALB": title})
        for year, title in (
            (1999, "American Football"),
            (2016, "American Football (LP2)"),
        )
        for n in (1, 2)
    ),
    ("X/?/1", "XXX", None, {"TALB": "?", "TPE1": "XXX"}),
    ("X/?/2", "XXX", None, {"TALB": "?", "TPE1": "XXX"}),
    ("g/1", "Guns N' Roses", "Use", {"TPE1": "Guns N' Roses", "TALB": "Use CD1"}),
    ("h/2", "Guns N\u2019 Roses", "Use", {"TPE1": "Guns N\u2019 Roses"}),
    ("h/3", "Guns N\u2019 Roses", "Use", {"TXXX:MusicBrainz Artist Id": ONE}),
]


def insert(catalog: Catalog, table: str, **row: Any) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    catalog.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", **row)


def fill(catalog: Catalog) -> None:
    """Store the files as the program of that schema did."""
    insert(catalog, "roots", path=b"/m", label="/m", added_at=WHEN)
    insert(
        catalog,
        "feature_sets",
        version=1,
        digest="d",
        names='["a", "b", "c", "d"]',
        parameters="{}",
        added_at=WHEN,
    )
    artists = {name: n for n, name in enumerate(dict.fromkeys(f[1] for f in FILES), 1)}
    albums = {
        key: n
        for n, key in enumerate(dict.fromkeys((f[1], f[2]) for f in FILES if f[2]), 1)
    }
    for name in artists:
        insert(catalog, "artists", name=name, key=name.casefold())
    for artist, title in albums:
        key = f"{artist} | {title}".casefold()
        more = {"albumartist": artist, "title": title, "key": key, "group_key": key}
        insert(catalog, "albums", **more)
    for genre in ("Rock 'n' Roll", "Rock \u2019n\u2019 Roll"):
        insert(catalog, "genres", name=genre, key=genre.casefold())
    for n, (path, artist, album, raw) in enumerate(FILES, 1):
        insert(catalog, "payloads", hash=f"hash {n}")
        insert(
            catalog,
            "tracks",
            root_id=1,
            path=path.encode(),
            path_text=path,
            size=1,
            mtime_ns=1,
            payload_id=n,
            added_at=WHEN,
            updated_at=WHEN,
            title=f"Song {n}",
            albumartist=artist if album else None,
            artist_id=artists[artist],
            album_id=albums.get((artist, album)),
            group_key=f"{artist} | {album}".casefold() if album else f"track | {n}",
            year=int(path[3:7]) if path.startswith("AF") else None,
            compilation=False,
        )
        credit = {"track_id": n, "position": 0}
        insert(catalog, "track_artists", **credit, artist_id=artists[artist])
        insert(catalog, "track_genres", **credit, genre_id=1 + n % 2)
        for position, (key, value) in enumerate(raw.items()):
            tag = {"track_id": n, "position": position, "key": key, "value": value}
            insert(catalog, "raw_tags", **tag)


def analyse(catalog: Catalog) -> None:
    """Store one analysis of the first track, and a run over it."""
    insert(
        catalog,
        "analyses",
        payload_id=1,
        feature_set_id=1,
        variant="original",
        status="ok",
        duration_s=50.0,
        decoder="libsndfile",
        audio_facts="{}",
        analysed_at=WHEN,
    )
    columns = dict.fromkeys(
        (
            *("tempo_bpm", "rms_mean", "rms_max", "rms_above_mean"),
            *("rms_crossings_per_s", "energy_changes_per_s", "energy_drops_per_s"),
            *("spectral_flatness", "spectral_centroid_hz", "zero_crossing_rate"),
            "harmonic_fraction",
        ),
        0.5,
    )
    for n, vector in enumerate(VECTORS):
        insert(
            catalog,
            "windows",
            analysis_id=1,
            position=n,
            start_s=10.0 * n,
            duration_s=30.0,
            silent=n == 1,
            vector=vector.tobytes(),
            **columns,
        )
    insert(
        catalog,
        "runs",
        created_at="2026-02-01 00:00:00.000000",
        label_kind="artist",
        model="m",
        seed=0,
        feature_set_id=1,
        dataset_hash="h",
        **dict.fromkeys(("labels", "parameters", "versions", "metrics"), "{}"),
    )
    insert(
        catalog,
        "track_predictions",
        run_id=1,
        track_id=3,
        out_of_fold=True,
        label="x",
        p_label=1.0,
        probabilities="[1.0]",
    )


@pytest.fixture
def older(url: str) -> str:
    """Give a catalog of schema 0001 on each kind of database."""
    with Catalog(url, "write") as catalog:
        migrate(catalog, "0001")
        fill(catalog)
        analyse(catalog)
    return url


def test_albums_are_told_anew(older):
    with open_catalog(older) as catalog:
        shown = catalog.rows("SELECT path, album, artist, group_key FROM v_tracks")
        af = "American Football"
        guns = "Guns N\u2019 Roses"  # two of three are spelled so
        group = "guns n' roses | use"
        assert sorted(shown) == [
            ("AF/1999/1", af, af, "american football | american football"),
            ("AF/1999/2", af, af, "american football | american football"),
            (
                "AF/2016/1",
                f"{af} (LP2)",
                af,
                "american football | american football (lp2)",
            ),
            (
                "AF/2016/2",
                f"{af} (LP2)",
                af,
                "american football | american football (lp2)",
            ),
            ("X/?/1", "?", "XXX", "xxx | ?"),
            ("X/?/2", "?", "XXX", "xxx | ?"),
            ("g/1", "Use", guns, group),
            ("h/2", "Use", guns, group),
            ("h/3", "Use", guns, group),
        ]
        spelled = (
            "SELECT credit, count(*) FROM track_artists GROUP BY credit ORDER BY 1"
        )
        assert ("Guns N' Roses", 1) in catalog.rows(spelled)
        ids = "SELECT count(*) FROM artists WHERE musicbrainz_id IS NOT NULL"
        assert catalog.rows(ids) == [(1,)]
        assert catalog.rows("SELECT name FROM genres") == [("Rock 'n' Roll",)]
        assert catalog.rows("SELECT disc_number FROM tracks WHERE id = 7") == [(1,)]
        assert list(check(catalog)) == []


def test_a_run_keeps_the_groups_that_it_was_judged_with(older):
    with open_catalog(older) as catalog:
        assert catalog.rows(
            "SELECT artist, album, year, title, group_key FROM v_predictions"
        ) == [
            (
                "American Football",
                "American Football",
                2016,
                "Song 3",
                "american football | american football",
            ),
        ]
        assert changes_since(catalog, 1).edited == 1  # the album's title is another


def test_statistics_are_filled_in_from_the_windows(older):
    with open_catalog(older) as catalog:
        found = load_track_statistics(catalog, 1)
    assert (found.track_id.tolist(), found.windows.tolist()) == ([1], [2])
    np.testing.assert_array_equal(found.mean, [VECTORS[[0, 2]].mean(axis=0)])
    np.testing.assert_array_equal(found.scatter, [[32.0] * 4])
    np.testing.assert_allclose(found.effective_windows, [4 / (2 + 2 / 3)])


def test_what_changed_is_listed_once(older):
    with Catalog(older, "write") as catalog:
        changes = upgrade(catalog).changes
        assert (
            "album",
            "American Football (American Football)",
            "American Football (LP2) (American Football)",
            2,
        ) in changes
        assert upgrade(catalog).changes == ()


def test_the_command_lists_it(older):
    done = Runner().invoke(db, ["upgrade", "--db", older])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "brought from schema 0001 to 0002"
    assert "album   (none) -> ? (XXX)  (2 tracks)" in lines
    assert Runner().invoke(db, ["regroup", "--db", older]).output == "nothing changes\n"
