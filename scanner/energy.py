"""Energy that the processors take while a scan runs, where the system tells it."""

from __future__ import annotations

import time
from pathlib import Path

_POWERCAP = Path("/sys/class/powercap")


class EnergyMeter:
    """Adds up what the RAPL counters of the processor packages gain.

    Parameters
    ----------
    folder : Path
        Where Linux shows the counters.
    every_s : float
        `look` reads them no more often than this: a scan of tags looks at every file.

    Notes
    -----
    A counter starts again from 0 after some hundred kilojoules, an hour of work for
    some: look at it from time to time. Many systems show counters to root alone.
    """

    def __init__(self, folder: Path = _POWERCAP, *, every_s: float = 10.0) -> None:
        found = [_package(place) for place in sorted(folder.glob("intel-rapl:*"))]
        self._packages = [(place, turn) for place, turn, _ in filter(None, found)]
        self._before = [count for _, _, count in filter(None, found)]
        self._spent = [0] * len(self._packages)
        self._every_s = every_s
        self._next = 0.0

    def _counts(self) -> list[int]:
        return [int(counter.read_text()) for counter, _ in self._packages]

    def look(self) -> None:
        """Take notice of how far the counters have come, if it is time to."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + self._every_s
            self._add()

    def _add(self) -> None:
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
        self._add()
        return sum(self._spent) / 1e6 if self._packages else None


def _package(place: Path) -> tuple[Path, int, int] | None:
    """Return a processor's counter, where it turns over, and its count.

    None where this counts something else, or cannot be read.
    """
    counter = place / "energy_uj"
    try:
        if not (place / "name").read_text().startswith("package"):
            return None
        turn = int((place / "max_energy_range_uj").read_text())
        return counter, turn, int(counter.read_text())
    except (OSError, ValueError):
        return None
