"""Worker processes for a scan: limits, crashes, and one outcome for every file."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from loky import ProcessPoolExecutor
from loky.backend import resource_tracker

from scanner.exceptions import NoLocksError, WorkersError
from scanner.features.kernels import compile_once
from scanner.plan import FileTask
from scanner.settings import ScanSettings
from scanner.worker import (
    Heartbeat,
    Job,
    Outcome,
    clear_heartbeats,
    private_folder,
    read_heartbeats,
    run_tasks,
)

TICK_S = 0.25
_NORMAL_S = 600.0  # seconds of audio that the time limit is meant for
_MAX_BREAKS = 3  # of the pool in a row, with no task finished between them
_PAUSE_S = 8 * TICK_S  # without a check: this process was stopped, or busy elsewhere
_PAGE = os.sysconf("SC_PAGE_SIZE")
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


def analyze_files(
    tasks: Sequence[FileTask],
    settings: ScanSettings,
    analyzed: set[str],
    stop_at: float | None,
    on_message: Callable[[str], None],
) -> Generator[Outcome | None]:
    """Read files in worker processes; yield their outcomes, and None in between.

    Parameters
    ----------
    tasks : sequence of FileTask
        Numbered by their places in it.
    settings : ScanSettings
    analyzed : set of str
        Hashes of payloads that need no analysis.
    stop_at : float or None
        On the monotonic clock: no task is begun after.
    on_message : callable
        Told what takes long, once on a machine: compiling.

    Raises
    ------
    WorkersError, NoLocksError, TempFullError
        The workers cannot be run.
    """
    if not settings.tags_only:
        compile_once(on_message)
    with private_folder() as folder:
        job = Job.prepare(settings, folder, analyzed)
        yield from WorkerPool(tasks, job, stop_at).outcomes()


class TaskFailure(NamedTuple):
    """Why a task has no result: the stage, and one line for people."""

    stage: str
    reason: str


class WorkerPool:
    """Runs the tasks of one scan in worker processes that may crash or hang.

    A worker that crashes takes the pool with it. The tasks that were running are then
    done again one at a time, each in a process of its own, so that the file that
    crashes its reader is found and recorded; the rest go on. A worker that takes too
    long or too much memory is killed; there the file is known. Time in which nobody
    checked does not count as the worker's: after a Ctrl-Z, or a pause of the whole
    machine, no file is given up for it.

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
        self._unfinished = {task.number: task for task in tasks}
        self._job = job
        self._stop_at = stop_at
        self._failures: dict[int, TaskFailure] = {}  # of workers that were killed
        self._checked = time.monotonic()
        self._pauses: list[tuple[float, float]] = []

    def outcomes(self) -> Iterator[Outcome | None]:
        """Yield the outcome of every task, and None from time to time.

        Raises
        ------
        WorkersError
            If the processes keep dying without running anything.
        NoLocksError
            If the system has no shared locks, as in a bare change-root.
        """
        breaks = 0
        while self._unfinished and breaks < _MAX_BREAKS:
            before = len(self._unfinished)
            jobs = min(self._job.settings.jobs, before)
            try:
                yield from self._run(list(self._unfinished.values()), jobs)
            except BrokenProcessPool:
                yield from self._repeat_running()
            else:
                return
            breaks = breaks + 1 if len(self._unfinished) == before else 0
        if self._unfinished:
            raise WorkersError

    def _run(
        self, tasks: Sequence[FileTask], processes: int
    ) -> Iterator[Outcome | None]:
        clear_heartbeats(self._job.folder)
        for outcome in _run_in_processes(self._begin(tasks), self._job, processes):
            self._enforce_limits()
            if outcome is not None:
                del self._unfinished[outcome.number]
            yield outcome

    def _begin(self, tasks: Iterable[FileTask]) -> Iterator[FileTask]:
        for task in tasks:
            if self._stop_at is not None and time.monotonic() > self._stop_at:
                return
            yield task

    def _repeat_running(self) -> Iterator[Outcome | None]:
        """Bring the tasks that were running when the pool broke to an outcome."""
        running = [
            heartbeat.number
            for heartbeat in read_heartbeats(self._job.folder)
            if heartbeat.number in self._unfinished
        ]
        for number in list(self._failures):
            yield self._fail(number, self._failures.pop(number))
            running.clear()  # that worker was killed from here: no other crashed
        for number in running:
            yield from self._run_alone(self._unfinished[number])

    def _run_alone(self, task: FileTask) -> Iterator[Outcome | None]:
        """Do one task in a process of its own, and record how that ended."""
        try:
            yield from self._run([task], 1)
        except BrokenProcessPool as error:
            reason = f"reading it ended the process ({_describe_exit(error)})"
            crash = TaskFailure("crash", reason)
            yield self._fail(task.number, self._failures.pop(task.number, crash))

    def _fail(self, number: int, failure: TaskFailure) -> Outcome:
        return Outcome(number, self._unfinished.pop(number).failed(*failure), 0.0)

    def _enforce_limits(self) -> None:
        """Kill workers that take too long, or too much memory."""
        now = time.monotonic()
        if now < self._checked + TICK_S:
            return
        if now > self._checked + _PAUSE_S:
            self._pauses.append((self._checked, now))
        self._checked = now
        for heartbeat in read_heartbeats(self._job.folder):
            task = self._unfinished.get(heartbeat.number)
            if task is None or task.number in self._failures:
                continue
            failure = self._exceeded_limit(heartbeat, task, now)
            if failure is not None:
                self._failures[task.number] = failure
                _kill_group(heartbeat.pid)

    def _exceeded_limit(
        self, heartbeat: Heartbeat, task: FileTask, now: float
    ) -> TaskFailure | None:
        settings = self._job.settings
        limit = settings.timeout_s * max(1.0, task.expected_s / _NORMAL_S)
        paused = sum(
            max(0.0, end - max(start, heartbeat.since)) for start, end in self._pauses
        )
        if settings.timeout_s and now - heartbeat.since - paused > limit:
            return TaskFailure(
                "timeout", f"it took more than {limit:.0f} s (--timeout)"
            )
        if settings.memory_limit and _resident(heartbeat.pid) > settings.memory_limit:
            megabytes = settings.memory_limit >> 20
            return TaskFailure("memory", f"it took more than {megabytes} MB")
        return None


def _resident(pid: int) -> int:
    """Return the memory that a process holds, in bytes; 0 where that is not known."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _describe_exit(error: BrokenProcessPool) -> str:
    """Return the name of the signal, or the status, that ended a worker."""
    codes = re.findall(r"(SIG\w+|EXIT)\((-?\d+)\)", str(error))
    return (
        ", ".join(
            name if name != "EXIT" else f"exit status {code}" for name, code in codes
        )
        or "no trace of why"
    )


def _run_in_processes(
    tasks: Iterable[FileTask], job: Job, processes: int
) -> Iterator[Outcome | None]:
    """Yield outcomes as they come, and None every quarter of a second.

    Raises
    ------
    BrokenProcessPool
        If a worker ended before its time; some outcomes are then lost.
    """
    _require_locks()
    size = _SMALL_TASKS if job.settings.tags_only else 1
    # So many batches wait for each worker that none is idle while results are stored.
    queued = processes * (8 if job.settings.tags_only else 2)
    waiting = iter(tasks)
    running: set[Future[list[Outcome]]] = set()
    executor = ProcessPoolExecutor(max_workers=processes, env=_ONE_THREAD)
    try:
        while True:
            while len(running) < queued and (batch := list(islice(waiting, size))):
                with _sigint_blocked():
                    running.add(executor.submit(run_tasks, batch, job))
            if not running:
                return
            done, running = wait(running, TICK_S, FIRST_COMPLETED)
            if not done:
                yield None
            for future in done:
                yield from future.result()
    finally:
        executor.shutdown(kill_workers=True)  # by itself it would take half a second


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Let processes and threads that start meanwhile inherit that SIGINT is blocked.

    Ctrl-C is the parent's affair, also while a worker is still starting.
    """
    resource_tracker.ensure_running()  # first, as its start may lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _require_locks() -> None:
    # Without them loky fails, with an error that does not say why.
    try:
        multiprocessing.Lock()
    except OSError as error:
        raise NoLocksError(error.strerror or str(error)) from error


def _kill_group(pid: int) -> None:
    """End the worker `pid` and its process group."""
    try:
        is_leader = os.getpgid(pid) == pid
        (os.killpg if is_leader else os.kill)(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
