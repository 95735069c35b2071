"""Bring every task to an outcome, whatever becomes of the processes."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.exceptions import WorkersError
from scanner.worker import Job, Outcome
from scanner.workers.crew import TICK_S, Crew, kill_group
from scanner.workers.notes import clear_notes, read_notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scanner.analyze import FileTask
    from scanner.workers.notes import Note

_NORMAL_S = 600.0  # seconds of audio that the time limit is meant for
_DEATHS = 3  # of the whole crew in a row, with no task settled between them
_PAUSE_S = 8 * TICK_S  # without a look: this process was stopped, or busy elsewhere
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Supervisor:
    """Looks after the crew of one scan.

    A worker that crashes takes the pool with it. The tasks that were in hand are then
    done again one at a time, each in a process of its own, so that the culprit is
    found out and recorded; the rest go on. A worker that takes too long or too much
    memory is ended; there the culprit is known. Time in which nobody looked does not
    count as the worker's: after a Ctrl-Z, or a pause of the whole machine, no file is
    given up for it.

    Parameters
    ----------
    tasks : sequence of FileTask
        In the order in which to begin them.
    job : Job
    stop_at : float or None
        On the monotonic clock: no task is begun after.
    """

    def __init__(
        self, tasks: Sequence[FileTask], job: Job, stop_at: float | None = None
    ) -> None:
        self._todo = {task.number: task for task in tasks}
        self._job = job
        self._stop_at = stop_at
        self._verdicts: dict[int, tuple[str, str]] = {}
        self._looked = time.monotonic()
        self._pauses: list[tuple[float, float]] = []

    def outcomes(self) -> Iterator[Outcome | None]:
        """Yield the outcome of every task, and None from time to time.

        Raises
        ------
        WorkersError
            If the processes keep dying without having anything in hand.
        """
        deaths = 0
        while self._todo and deaths < _DEATHS:
            before = len(self._todo)
            jobs = min(self._job.settings.jobs, before)
            try:
                yield from self._run(list(self._todo.values()), jobs)
            except BrokenProcessPool:
                yield from self._find_culprit()
            else:
                return
            deaths = deaths + 1 if len(self._todo) == before else 0
        if self._todo:
            raise WorkersError

    def _run(
        self, tasks: Sequence[FileTask], processes: int
    ) -> Iterator[Outcome | None]:
        clear_notes(self._job.folder)
        for outcome in Crew(self._job, processes).run(self._begin(tasks)):
            self._look()
            if outcome is not None:
                del self._todo[outcome.number]
            yield outcome

    def _begin(self, tasks: Iterable[FileTask]) -> Iterator[FileTask]:
        for task in tasks:
            if self._stop_at is not None and time.monotonic() > self._stop_at:
                return
            yield task

    def _find_culprit(self) -> Iterator[Outcome | None]:
        """Settle the tasks that were in hand when the pool broke."""
        suspects = [
            note.number
            for note in read_notes(self._job.folder)
            if note.number in self._todo
        ]
        for number in list(self._verdicts):
            yield self._convict(number, *self._verdicts.pop(number))
            suspects.clear()  # the parent ended that worker: the others are innocent
        for number in suspects:
            yield from self._alone(self._todo[number])

    def _alone(self, task: FileTask) -> Iterator[Outcome | None]:
        """Do one task in a process of its own, and record how that ended."""
        try:
            yield from self._run([task], 1)
        except BrokenProcessPool as error:
            crash = ("crash", f"reading it ended the process ({_exit(error)})")
            verdict = self._verdicts.pop(task.number, crash)
            yield self._convict(task.number, *verdict)

    def _convict(self, number: int, stage: str, reason: str) -> Outcome:
        return Outcome(number, self._todo.pop(number).failed(stage, reason), 0.0)

    def _look(self) -> None:
        """End workers that take too long, or too much."""
        now = time.monotonic()
        if now < self._looked + TICK_S:
            return
        if now > self._looked + _PAUSE_S:
            self._pauses.append((self._looked, now))
        self._looked = now
        for note in read_notes(self._job.folder):
            if note.number not in self._todo or note.number in self._verdicts:
                continue
            verdict = self._judge(note, self._todo[note.number], now)
            if verdict is not None:
                self._verdicts[note.number] = verdict
                kill_group(note.pid)

    def _judge(self, note: Note, task: FileTask, now: float) -> tuple[str, str] | None:
        settings = self._job.settings
        limit = settings.timeout_s * max(1.0, task.expected_s / _NORMAL_S)
        paused = sum(
            max(0.0, end - max(start, note.since)) for start, end in self._pauses
        )
        if settings.timeout_s and now - note.since - paused > limit:
            return "timeout", f"it took more than {limit:.0f} s (--timeout)"
        if settings.memory_limit and _resident(note.pid) > settings.memory_limit:
            return "memory", f"it took more than {settings.memory_limit >> 20} MB"
        return None


def _resident(pid: int) -> int:
    """Return the memory that a process holds, in bytes; 0 where that is not known."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _exit(error: BrokenProcessPool) -> str:
    """Return the name of the signal, or the status, that ended a worker."""
    codes = re.findall(r"(SIG\w+|EXIT)\((-?\d+)\)", str(error))
    return (
        ", ".join(
            name if name != "EXIT" else f"exit status {code}" for name, code in codes
        )
        or "no trace of why"
    )
