"""What scans say of the energy that they took."""

from __future__ import annotations

from pathlib import Path

from catalog.library import begin_scan, end_scan, energy_spent
from catalog.schema import open_catalog


def test_only_scans_that_analysed_and_measured_count(tmp_path: Path) -> None:
    measured = {"new": 10, "shared": 2, "audio_hours": 0.5, "energy_j": 400.0}
    tags_only = {"new": 10, "audio_hours": 0.0, "energy_j": 9.0}
    unmeasured = {"new": 10, "audio_hours": 0.5, "energy_j": None}
    idle = {"unchanged": 10, "new": 0, "audio_hours": 0.0, "energy_j": 5.0}
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}") as catalog:
        for counts in (measured, tags_only, unmeasured, idle, {}):
            end_scan(catalog, begin_scan(catalog, {}), "done", counts)
        begin_scan(catalog, {})  # still running, or killed
        assert energy_spent(catalog) == (400.0, 8)
