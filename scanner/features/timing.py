"""A stopwatch that charges CPU and wall time to the stages of an analysis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from catalog.records import StageCost


class Stopwatch:
    """Charges the time since its last lap to a stage.

    Notes
    -----
    Laps read the wall clock alone, which takes no system call. A thread's CPU time
    does, a slow one on virtual machines: it is read at `start` and `stop`, and what
    passed in between is shared out as the wall time was.
    """

    def __init__(self) -> None:
        self._cpu: dict[str, float] = {}
        self._wall: dict[str, float] = {}
        self._laps: dict[str, float] = {}
        self.start()

    def start(self) -> None:
        """Begin; what passed since `stop` was spent elsewhere."""
        self._laps.clear()
        self._began = time.thread_time()
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Charge the time since the last lap to ``stage``."""
        now = time.perf_counter()
        self._laps[stage] = self._laps.get(stage, 0.0) + now - self._last
        self._last = now

    def stop(self) -> None:
        """Close the accounts of the laps since `start`."""
        cpu = time.thread_time() - self._began
        wall = sum(self._laps.values()) or 1.0
        for stage, lap in self._laps.items():
            self._cpu[stage] = self._cpu.get(stage, 0.0) + cpu * lap / wall
            self._wall[stage] = self._wall.get(stage, 0.0) + lap
        self._laps.clear()

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Charge to ``stage``, and to nothing else, what is done inside."""
        self.start()
        try:
            yield
        finally:
            self.lap(stage)
            self.stop()

    def stages(self) -> tuple[StageCost, ...]:
        """Return the stages in the order in which they first ran."""
        return tuple(StageCost(s, c, self._wall[s]) for s, c in self._cpu.items())
