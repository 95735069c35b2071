"""The summary of a scan, in lines and as JSON, and the energy that it took."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from os import PathLike
from typing import Any

_FAILURES_SHOWN = 10


class Summary:
    """The outcome of a scan.

    Attributes
    ----------
    found : int
        Audio files that the walk found.
    new, tags_edited, audio_changed, reanalysed, retagged : int
    returned, moved, missing : int
        Tracks by what happened to them; `reanalysed` had no features of today's set,
        the tags of `retagged` had been read by other rules.
    unchanged : int
    shared : int
        Tracks whose audio had been analysed for another track.
    left_alone : int
        Files that failed before and did not change since.
    too_old : int
        Files set aside because of ``--since``.
    variants : int
        Re-encodings that were made and analysed.
    left : int
        Files that were not reached: the time was up, or the scan was interrupted.
    failed : list of (path, stage, reason)
    audio_s, wall_s : float
        Audio that was analysed, and the time that the scan took, in seconds.
    energy_j : float or None
        What the processors took meanwhile, whoever used them; None if not known.
    interrupted : bool
    catalog : str
        How to call it.
    """

    def __init__(self, catalog: str = "") -> None:
        self.found = 0
        self.new = 0
        self.tags_edited = 0
        self.audio_changed = 0
        self.reanalysed = 0
        self.retagged = 0
        self.unchanged = 0
        self.moved = 0
        self.returned = 0
        self.missing = 0
        self.shared = 0
        self.left_alone = 0
        self.too_old = 0
        self.variants = 0
        self.left = 0
        self.failed: list[tuple[str, str, str]] = []
        self.audio_s = 0.0
        self.wall_s = 0.0
        self.energy_j: float | None = None
        self.interrupted = False
        self.catalog = catalog

    @property
    def realtime(self) -> float:
        """How many times faster than the audio plays."""
        return self.audio_s / self.wall_s if self.wall_s else 0.0

    def failed_by_stage(self) -> dict[str, int]:
        """Return how many files failed at each stage, most first."""
        return dict(Counter(stage for _, stage, _ in self.failed).most_common())

    def counts(self) -> dict[str, Any]:
        """Return the numbers, without the names of files."""
        named = {"failed", "audio_s", "wall_s", "interrupted", "catalog"}
        counts = {name: one for name, one in vars(self).items() if name not in named}
        return counts | {
            "failed": len(self.failed),
            "failed_by_stage": self.failed_by_stage(),
            "audio_hours": round(self.audio_s / 3600, 4),
            "seconds": round(self.wall_s, 3),
            "times_real_time": round(self.realtime, 1),
        }

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON knows it."""
        return self.counts() | {
            "interrupted": self.interrupted,
            "catalog": self.catalog,
            "failures": [
                {"path": path, "stage": stage, "reason": reason}
                for path, stage, reason in self.failed
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield the lines for people."""
        for name, count in self._counts():
            if count or name in {"new", "unchanged"}:
                yield f"{name:<14}{count:>8}"
        if self.failed:
            stages = ", ".join(f"{k} {v}" for k, v in self.failed_by_stage().items())
            yield f"{'failed':<14}{len(self.failed):>8}  ({stages})"
            yield from self._failures()
        yield from self._hints()
        if self.audio_s:
            hours = f"{self.audio_s / 3600:.1f} h of audio"
            took = format_duration(self.wall_s)
            yield f"{hours} in {took}, {self.realtime:.0f} times real time"
        yield f"catalog: {self.catalog}"

    def _counts(self) -> Iterator[tuple[str, int]]:
        yield "new", self.new
        changed = self.tags_edited + self.audio_changed
        yield "changed", changed + self.reanalysed + self.retagged
        yield "  tags edited", self.tags_edited
        yield "  audio changed", self.audio_changed
        yield "  features", self.reanalysed
        yield "  tag rules", self.retagged
        yield "unchanged", self.unchanged
        yield "moved", self.moved
        yield "returned", self.returned
        yield "missing", self.missing
        yield "too old", self.too_old
        yield "re-encoded", self.variants

    def _failures(self) -> Iterator[str]:
        for path, stage, reason in self.failed[:_FAILURES_SHOWN]:
            yield f"  {path}: {stage}: {reason}"
        if len(self.failed) > _FAILURES_SHOWN:
            more = len(self.failed) - _FAILURES_SHOWN
            yield f"  and {more} more: see the view v_failures"

    def _hints(self) -> Iterator[str]:
        if not self.found and not self.failed:
            yield "no audio file was found there: mp3, flac, ogg, m4a, wav and the like"
        if self.left_alone:
            yield (
                f"{self.left_alone} failed before and did not change: "
                "--retry-failed tries them again"
            )
        if self.left and not self.interrupted:
            yield f"the time is up with {self.left} files left: scan again to go on"


def format_duration(seconds: float) -> str:
    """Return a time as people read it.

    >>> format_duration(7.3), format_duration(95), format_duration(7265)
    ('7.3 s', '1:35 min', '2:01:05 h')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h"


_POWERCAP = "/sys/class/powercap"
_COUNTER = "intel-rapl:"


class EnergyMeter:
    """Adds up what the RAPL counters of the processor packages gain.

    Parameters
    ----------
    folder : path
        Where Linux shows the counters.
    every_s : float
        `update` reads them no more often than this: a scan of tags looks at every file.

    Notes
    -----
    A counter starts again from 0 after some hundred kilojoules, an hour of work for
    some: update from time to time. Many systems show counters to root alone.
    """

    def __init__(
        self, folder: str | PathLike[str] = _POWERCAP, *, every_s: float = 10.0
    ) -> None:
        found = [
            counter
            for place in _counter_folders(folder)
            if (counter := _read_package(place))
        ]
        self._packages = [(place, turn) for place, turn, _ in found]
        self._before = [count for _, _, count in found]
        self._spent = [0] * len(self._packages)
        self._every_s = every_s
        self._next = 0.0

    def _counts(self) -> list[int]:
        return [int(_read_text(counter)) for counter, _ in self._packages]

    def update(self) -> None:
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


def _counter_folders(folder: str | PathLike[str]) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.startswith(_COUNTER)]


def _read_text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def _read_package(place: str) -> tuple[str, int, int] | None:
    """Return a processor's counter, where it turns over, and its count.

    None where this counts something else, or cannot be read.
    """
    counter = os.path.join(place, "energy_uj")
    try:
        if not _read_text(os.path.join(place, "name")).startswith("package"):
            return None
        turn = int(_read_text(os.path.join(place, "max_energy_range_uj")))
        return counter, turn, int(_read_text(counter))
    except (OSError, ValueError):
        return None
