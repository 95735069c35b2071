"""Nasty files through the real command: each ends as a row or as a named failure."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.mark.slow
def test_every_nasty_file_has_one_end(
    scan: Any, tmp_path: Path, poison: ModuleType
) -> None:
    made = poison.make_poison([], tmp_path / "music", big=False)
    summary = scan(tmp_path / "music", "-j", 2, status=3)
    assert summary["failed"] == len(summary["failures"])
    ends = scan.rows(
        "SELECT path_text, status FROM tracks "
        "JOIN analyses ON analyses.payload_id = tracks.payload_id "
        "UNION ALL SELECT path_text, stage FROM failures"
    )
    assert sorted(name for name, _ in ends) == sorted(one.path.name for one in made)
    of = dict(ends)
    by_kind: dict[str, set[str]] = {}
    for one in made:
        by_kind.setdefault(one.kind, set()).add(of[one.path.name])
    # What is no number is no feature; what is silent or short says so.
    assert by_kind["not finite"] == {"features"}
    assert by_kind["silence"] == {"silent"}
    assert of["short - 4.99 s.wav"] == "too_short"
    assert by_kind["playlist"] == by_kind["text"] == by_kind["empty"] == {"identify"}
    assert not {"crash", "timeout", "memory", "analysis"} & set(of.values())
    assert scan.one("SELECT count(*) FROM failures WHERE reason = ''") == 0
    scan.check()
    again = scan(tmp_path / "music")
    assert again["unchanged"] + again["left_alone"] == len(made)
