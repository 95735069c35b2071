"""Energy that the processors take while a scan runs, where the system tells it."""

from __future__ import annotations

from pathlib import Path

_POWERCAP = Path("/sys/class/powercap")


class EnergyMeter:
    """Adds up what the RAPL counters of the processor packages gain.

    Parameters
    ----------
    folder : Path
        Where Linux shows the counters.

    Notes
    -----
    A counter starts again from 0 after some hundred kilojoules, an hour of work for
    some: look at it from time to time. Many systems show counters to root alone.
    """

    def __init__(self, folder: Path = _POWERCAP) -> None:
        self._packages = [
            (place / "energy_uj", int((place / "max_energy_range_uj").read_text()))
            for place in sorted(folder.glob("intel-rapl:*"))
            if _is_package(place)
        ]
        self._before = self._counts()
        self._spent = [0] * len(self._packages)

    def _counts(self) -> list[int]:
        return [int(counter.read_text()) for counter, _ in self._packages]

    def look(self) -> None:
        """Take notice of how far the counters have come."""
        try:
            now = self._counts()
        except (OSError, ValueError):  # a scan does not end for want of a figure
            self._packages.clear()
            return
        for n, (_, turn) in enumerate(self._packages):
            gain = now[n] - self._before[n]
            self._spent[n] += gain if gain >= 0 else gain + turn
        self._before = now

    def joules(self) -> float | None:
        """Return the energy so far; None where no counter can be read."""
        self.look()
        return sum(self._spent) / 1e6 if self._packages else None


def _is_package(place: Path) -> bool:
    """Say whether this counts a whole processor, and can be read."""
    try:
        int((place / "energy_uj").read_text())
        return (place / "name").read_text().startswith("package")
    except (OSError, ValueError):
        return False
