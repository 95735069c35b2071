"""What each stage costs, by lap times."""

from __future__ import annotations

import time

from catalog.records import StageCost


class Costs:
    """A stopwatch that charges the time since its last lap to a stage."""

    def __init__(self) -> None:
        self._cpu: dict[str, float] = {}
        self._wall: dict[str, float] = {}
        self.start()

    def start(self) -> None:
        """Forget the time since the last lap: it was spent elsewhere."""
        self._last = (time.thread_time(), time.perf_counter())

    def lap(self, stage: str) -> None:
        """Charge the time since the last lap to ``stage``."""
        cpu, wall = time.thread_time(), time.perf_counter()
        self._cpu[stage] = self._cpu.get(stage, 0.0) + cpu - self._last[0]
        self._wall[stage] = self._wall.get(stage, 0.0) + wall - self._last[1]
        self._last = (cpu, wall)

    def stages(self) -> tuple[StageCost, ...]:
        """Return the stages in the order in which they first ran."""
        return tuple(StageCost(s, c, self._wall[s]) for s, c in self._cpu.items())
