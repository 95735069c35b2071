"""Processes that take tasks and give outcomes, by joblib."""

from __future__ import annotations

import logging
import multiprocessing
import os
import queue
import signal
import threading
from contextlib import suppress
from itertools import islice
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from scanner.exceptions import NoLocksError
from scanner.worker import Job, Outcome, work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner.analyze import FileTask

TICK_S = 0.25
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
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
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
