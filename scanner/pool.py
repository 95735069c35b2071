"""Bring every task to an outcome, whatever becomes of the processes."""

from __future__ import annotations

import logging
import multiprocessing
import os
import queue
import re
import signal
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner.exceptions import NoLocksError, WorkersError
from scanner.worker import Job, Outcome, clear_notes, read_notes, work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scanner.analyze import FileTask
    from scanner.worker import Note


TICK_S = 0.25
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


_WAITING = 256  # outcomes that may wait for the catalog; then the crew waits
_SMALL_TASKS = 32  # tags alone take a millisecond; handing a task out takes as long
_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)


class Crew:
    """Worker processes for one run over some tasks.

    joblib hands out the tasks in a thread of its own, so that the caller's thread is
    free to look after the workers, the catalog and the keyboard.

    Parameters
    ----------
    job : Job
    processes : int
    """

    def __init__(self, job: Job, processes: int) -> None:
        self._job = job
        self._processes = processes
        self._results: queue.Queue[Any] = queue.Queue(_WAITING)
        self._closing = False
        self._others = set(multiprocessing.active_children())

    def run(self, tasks: Iterable[FileTask]) -> Iterator[Outcome | None]:
        """Yield outcomes as they come, and None every quarter of a second.

        Raises
        ------
        BrokenProcessPool
            If a worker ended before its time; some outcomes are then lost.
        NoLocksError
            If the system has no shared locks, as in a bare change-root.
        """
        _require_locks()
        thread = threading.Thread(target=self._hand_out, args=(tasks,), daemon=True)
        thread.start()
        try:
            while True:
                try:
                    item = self._results.get(timeout=TICK_S)
                except queue.Empty:
                    item = None
                if item is _END:
                    return
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self._close(thread)

    def _hand_out(self, tasks: Iterable[FileTask]) -> None:
        """Run the tasks, and queue their outcomes; in a thread of its own."""
        # Inherited by every process that starts here: Ctrl-C is the parent's affair,
        # also while a worker is still starting. The tracker comes first, as its start
        # would lift the block.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        # joblib hands out its next task in a callback, and when the pool has gone
        # meanwhile, the error would be printed although it is dealt with here.
        logging.getLogger("concurrent.futures").addFilter(_is_no_callback)
        try:
            outcomes = (
                _in_parallel(tasks, self._job, self._processes)
                if self._processes > 1
                else _in_one(tasks, self._job)
            )
            for outcome in outcomes:
                self._results.put(outcome)
            self._results.put(_END)
        except BaseException as error:  # noqa: BLE001 - the last line of defence
            if not self._closing:
                self._results.put(error)

    def _close(self, thread: threading.Thread) -> None:
        """End every worker and the thread; at once when all is done anyway."""
        self._closing = True
        while thread.is_alive():
            thread.join(0.02)
            if thread.is_alive():
                self._drain()
                self._kill()
        self._kill()

    def _drain(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._results.get_nowait()

    def _kill(self) -> None:
        for process in multiprocessing.active_children():
            if process.pid is not None and process not in self._others:
                kill_group(process.pid)


_END = object()


def _require_locks() -> None:
    # Without them joblib would warn and fall back to threads of this process, which
    # one crash of a decoder would end.
    try:
        multiprocessing.Lock()
    except OSError as error:
        raise NoLocksError(error.strerror or str(error)) from error


def _is_no_callback(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("exception calling callback")


def _in_parallel(
    tasks: Iterable[FileTask], job: Job, processes: int
) -> Iterator[Outcome]:
    from joblib import Parallel, delayed, parallel_config  # noqa: PLC0415

    with parallel_config(backend="loky", inner_max_num_threads=1):
        run = Parallel(
            n_jobs=processes,
            return_as="generator_unordered",
            pre_dispatch="2 * n_jobs",
            batch_size=_at_once(job),
            max_nbytes=None,
        )
        yield from run(delayed(work)(task, job) for task in tasks)


def _in_one(tasks: Iterable[FileTask], job: Job) -> Iterator[Outcome]:
    """Run the tasks in one process that is not this one: it may crash."""
    # joblib runs a single job in the caller's process; its executor does not.
    from joblib.externals.loky import ProcessPoolExecutor  # noqa: PLC0415

    executor = ProcessPoolExecutor(max_workers=1, env=_ONE_THREAD)
    try:
        waiting = iter(tasks)
        while batch := list(islice(waiting, _at_once(job))):
            yield from executor.submit(_work_on, batch, job).result()
    finally:
        # It has nothing in hand; taking itself down would take it half a second.
        executor.shutdown(kill_workers=True)


def _at_once(job: Job) -> int:
    return _SMALL_TASKS if job.settings.tags_only else 1


def _work_on(tasks: list[FileTask], job: Job) -> list[Outcome]:
    return [work(task, job) for task in tasks]


def kill_group(pid: int) -> None:
    """End the worker `pid` and its process group."""
    try:
        grouped = os.getpgid(pid) == pid
        (os.killpg if grouped else os.kill)(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
