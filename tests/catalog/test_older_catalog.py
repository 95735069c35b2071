"""A catalog that an earlier program scanned and classified opens, and keeps all."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from catalog.maintenance import check
from catalog.predictions import track_prediction, track_predictions
from catalog.runs import load_model, load_run
from catalog.schema import open_catalog
from classify.reports.accuracy import by_album

STORED = Path(__file__).parent / "data" / "library-0001.sqlite.gz"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Give the path of the demo library's catalog, with one run of voting over it."""
    place = tmp_path / "catalog.db"
    place.write_bytes(gzip.decompress(STORED.read_bytes()))
    return place


def rows_of_tables(place: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(place)) as raw:
        tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: raw.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
            for (name,) in tables.fetchall()
            if name != "alembic_version"
        }


def test_it_opens_and_keeps_every_row(older):
    before = rows_of_tables(older)
    open_catalog(str(older)).close()
    after = rows_of_tables(older)
    assert {name: len(after[name]) for name in before} == {
        name: len(rows) for name, rows in before.items()
    }
    assert len(after["track_statistics"]) == 28
    assert len(after["tracks"]) == len(after["analyses"]) == 28
    assert after["window_predictions"] == before["window_predictions"]
    with open_catalog(str(older), mode="read") as catalog:
        assert list(check(catalog)) == []


def test_its_run_is_reported_on(older):
    with open_catalog(str(older)) as catalog:
        run = load_run(catalog)
        assert run is not None
        assert (run.model, run.label_kind) == ("voting", "artist")
        table = by_album(catalog)
        assert {row[1] for row in table.rows} >= {"Iron Almanac", "Tide Tables"}
        every = track_predictions(catalog, run.id)
        assert len(every) == 28
        assert track_prediction(catalog, run.id, every[3].track_id) == every[3]
        assert track_prediction(catalog, run.id, 999) is None
        stored = load_model(catalog, run.id)
        assert stored is not None
        assert stored.format == "skops"
