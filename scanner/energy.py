"""Energy that the processors take while a scan runs, where the system tells it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

_POWERCAP = "/sys/class/powercap"
_COUNTER = "intel-rapl:"


class EnergyMeter:
    """Adds up what the RAPL counters of the processor packages gain.

    Parameters
    ----------
    folder : path
        Where Linux shows the counters.
    every_s : float
        `look` reads them no more often than this: a scan of tags looks at every file.

    Notes
    -----
    A counter starts again from 0 after some hundred kilojoules, an hour of work for
    some: look at it from time to time. Many systems show counters to root alone.
    """

    def __init__(
        self, folder: str | PathLike[str] = _POWERCAP, *, every_s: float = 10.0
    ) -> None:
        found = [counter for place in _places(folder) if (counter := _package(place))]
        self._packages = [(place, turn) for place, turn, _ in found]
        self._before = [count for _, _, count in found]
        self._spent = [0] * len(self._packages)
        self._every_s = every_s
        self._next = 0.0

    def _counts(self) -> list[int]:
        return [int(_text(counter)) for counter, _ in self._packages]

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


def _places(folder: str | PathLike[str]) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.startswith(_COUNTER)]


def _text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def _package(place: str) -> tuple[str, int, int] | None:
    """Return a processor's counter, where it turns over, and its count.

    None where this counts something else, or cannot be read.
    """
    counter = os.path.join(place, "energy_uj")
    try:
        if not _text(os.path.join(place, "name")).startswith("package"):
            return None
        turn = int(_text(os.path.join(place, "max_energy_range_uj")))
        return counter, turn, int(_text(counter))
    except (OSError, ValueError):
        return None
