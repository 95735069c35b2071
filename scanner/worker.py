"""What happens inside a worker process."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.analyze import analyse
from scanner.exceptions import TempFullError
from scanner.workers.notes import Pen

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.records import FileFailed, TrackSeen
    from scanner.analyze import FileTask
    from scanner.settings import ScanSettings

    Analyse = Callable[
        [FileTask, ScanSettings, Callable[[str], bool]], TrackSeen | FileFailed
    ]

ANALYSED = "analysed"  # file in the private folder: payload hashes, one a line
_CLAIMS = "claims"
_PARENT_CHECK_S = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """What every task of a scan has in common.

    Attributes
    ----------
    settings : ScanSettings
    folder : str
        Private to the scan: notes, claims, and the hashes that need no analysis.
    parent : int
        Process id of the scan.
    analyse : callable
        What is done for a task: a function of a module, as workers import it.
    """

    settings: ScanSettings
    folder: str
    parent: int
    analyse: Analyse

    @staticmethod
    def prepare(
        settings: ScanSettings,
        folder: str,
        analysed: set[str],
        analyse: Analyse = analyse,
    ) -> Job:
        """Lay out the private folder `folder`, and return the job.

        Raises
        ------
        TempFullError
            There is no room in it.
        """
        try:
            Path(folder, _CLAIMS).mkdir()
            Path(folder, ANALYSED).write_text("\n".join(sorted(analysed)), "ascii")
        except OSError as error:
            raise TempFullError(folder) from error
        return Job(settings, folder, os.getpid(), analyse)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one task.

    Attributes
    ----------
    number : int
        Of the task.
    change : TrackSeen or FileFailed
    wall_s : float
    """

    number: int
    change: TrackSeen | FileFailed
    wall_s: float


class _Worker:
    """The state of this process between tasks."""

    def __init__(self, job: Job) -> None:
        self.folder = job.folder
        self.number = 0
        self._is_full = False
        self._pen = Pen(job.folder)
        self._analysed = frozenset(
            Path(job.folder, ANALYSED).read_text("ascii").split()
        )

    def run(self, task: FileTask, job: Job) -> Outcome:
        """Analyse one file."""
        self.number = task.number
        self._pen.begins(task.number)
        start = time.perf_counter()
        change = job.analyse(task, job.settings, self.is_wanted)
        if self._is_full:  # no fault of the file's
            raise TempFullError(self.folder)
        self._pen.ends()
        return Outcome(task.number, change, time.perf_counter() - start)

    def is_wanted(self, payload: str) -> bool:
        """Say whether this task is to analyse `payload`; the first one claims it."""
        if payload in self._analysed:
            return False
        claim = Path(self.folder, _CLAIMS, payload)
        try:
            claim.symlink_to(str(self.number))  # takes no room, and is there at once
        except FileExistsError:
            # One's own, if an earlier attempt at this task was cut short.
            return str(claim.readlink()) == str(self.number)
        except OSError:
            self._is_full = True
            return False
        return True


_here: _Worker | None = None


def work(task: FileTask, job: Job) -> Outcome:
    """Do one task in this worker process.

    Raises
    ------
    TempFullError
        There is no room in the scan's private folder.
    """
    global _here  # noqa: PLW0603 - a worker is one process: this is its state
    if _here is None or _here.folder != job.folder:
        _settle(job)
        try:
            _here = _Worker(job)
        except OSError as error:
            raise TempFullError(job.folder) from error
    return _here.run(task, job)


def _settle(job: Job) -> None:
    """Make this process a quiet worker that ends with its parent."""
    with suppress(PermissionError):  # a session leader has its group already
        # A group of its own: a decoder that it starts can be ended with it, and
        # Ctrl-C in the terminal reaches the parent alone.
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.disable()
    with suppress(OSError):
        os.nice(job.settings.niceness)
    # Decoders complain to stderr, in the midst of the progress bar.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)
    threading.Thread(target=_end_with, args=(job.parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_S)
    os.killpg(0, signal.SIGKILL)
