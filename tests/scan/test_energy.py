"""Energy counters, laid out in files as Linux shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.summary import EnergyMeter

TURN = 262_143_328_850


def counter(folder: Path, name: str, count: int, kind: str = "package-0") -> Path:
    """Lay out one counter; return the file with its count."""
    place = folder / name
    place.mkdir(parents=True)
    (place / "name").write_text(f"{kind}\n")
    (place / "max_energy_range_uj").write_text(f"{TURN}\n")
    (place / "energy_uj").write_text(f"{count}\n")
    return place / "energy_uj"


def test_packages_are_added_up_and_their_parts_are_not(tmp_path: Path) -> None:
    first = counter(tmp_path, "intel-rapl:0", 5_000_000)
    second = counter(tmp_path, "intel-rapl:1", 0, "package-1")
    core = counter(tmp_path, "intel-rapl:0:0", 0, "core")
    meter = EnergyMeter(tmp_path)
    first.write_text("8500000\n")
    second.write_text("1000000\n")
    core.write_text("900000000\n")
    assert meter.joules() == pytest.approx(4.5)


def test_a_counter_may_turn_over_between_two_looks(tmp_path: Path) -> None:
    count = counter(tmp_path, "intel-rapl:0", TURN - 1_000_000)
    meter = EnergyMeter(tmp_path, every_s=0.0)
    for now in (500_000, TURN - 500_000, 1_000_000):
        count.write_text(f"{now}\n")
        meter.update()
    assert meter.joules() == pytest.approx((1.5e6 + TURN - 1e6 + 1.5e6) / 1e6)


def test_without_a_counter_nothing_is_claimed(tmp_path: Path) -> None:
    assert EnergyMeter(tmp_path / "none").joules() is None
    place = counter(tmp_path, "intel-rapl:0", 0).parent
    (place / "energy_uj").write_text("no number")
    assert EnergyMeter(tmp_path).joules() is None


def test_a_counter_that_goes_away_ends_the_count_and_nothing_else(
    tmp_path: Path,
) -> None:
    count = counter(tmp_path, "intel-rapl:0", 0)
    meter = EnergyMeter(tmp_path)
    count.unlink()
    meter.update()
    assert meter.joules() is None
