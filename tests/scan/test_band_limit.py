"""Features up to a limit: a set of their own; a limit found in the material."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scanner.band_limit import band_limit


def sets(scan: Any) -> dict[float | None, int]:
    """Return how many analyses there are, by the limit of their feature set."""
    rows = scan.rows(
        "SELECT parameters, count(analyses.id) FROM feature_sets"
        " LEFT JOIN analyses ON feature_set_id = feature_sets.id"
        " GROUP BY feature_sets.id"
    )
    return {json.loads(known).get("band_limit_hz"): count for known, count in rows}


@pytest.mark.slow
def test_limited_features_are_a_set_of_their_own(library: Any, scan: Any) -> None:
    library.add("Ann/First/01.flac", seed=1)
    assert scan(library.folder, "--band-limit", "2k")["new"] == 1
    assert scan(library.folder, "--band-limit", "2000")["unchanged"] == 1
    assert sets(scan) == {2000.0: 1}
    columns = "SELECT spectral_centroid_hz, rms_mean FROM windows"
    (low,) = scan.rows(columns)
    assert scan(library.folder)["reanalysed"] == 1
    assert sets(scan) == {2000.0: 0, None: 1}
    (whole,) = scan.rows(columns)
    assert low[0] == pytest.approx(1000, rel=0.1)  # white noise up to 2 kHz
    assert whole[0] == pytest.approx(2000, rel=0.1)  # and up to 4 kHz
    assert low[1] == whole[1]


@pytest.mark.slow
def test_a_limit_is_found_in_the_material(library: Any, scan: Any) -> None:
    for seed in (1, 2):
        library.add(f"Ann/First/0{seed}.flac", seed=seed)
    (library.folder / "Ann" / "First" / "03.flac").write_bytes(b"fLaC, not quite")
    done = scan.run(library.folder, "--band-limit", "auto")
    assert done.returncode == 3, done.stderr
    limit = max(known or 0.0 for known in sets(scan))
    assert f"band limit: {limit:g} Hz" in done.stderr
    assert "03.flac" in done.stdout
    assert limit in (3500.0, 4000.0)
    assert sets(scan) == {None: 0, limit: 2}
    assert scan("--band-limit", "auto", "--dry-run")["files"] == 0
    times = scan.rows("SELECT analysed_at FROM analyses")
    assert f"band limit: {limit:g} Hz" in scan.run("--band-limit", "auto").stderr
    assert scan.rows("SELECT analysed_at FROM analyses") == times


def test_a_variant_counts_however_few_its_tracks_are() -> None:
    edges = {"original": [16000.0] * 99 + [5000.0], "mp3:64k": [10900.0]}
    assert band_limit(edges) == 10500.0
    assert band_limit({**edges, "opus:48k": []}) == 10500.0
    assert band_limit({"original": edges["original"]}) is None
    assert band_limit({"original": [300.0]}) == 1000.0
    assert band_limit({}) is None


@pytest.mark.parametrize("text", ["10", "12000", "eight", "0", "-1", "8 k", "nan"])
def test_what_is_no_limit_is_refused_with_an_example(scan: Any, text: str) -> None:
    done = scan.run("--band-limit", text)
    assert done.returncode == 2
    assert "as in 8000, or auto" in done.stderr
    assert not scan.db.exists()
