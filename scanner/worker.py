"""What happens inside a worker process."""

from __future__ import annotations

import faulthandler
import fcntl
import os
import shutil
import signal
import struct
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.analyze import analyse
from scanner.exceptions import TempFullError

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.records import FileFailed, TrackSeen
    from scanner.analyze import FileTask
    from scanner.settings import ScanSettings

    Analyse = Callable[
        [FileTask, ScanSettings, Callable[[str], bool]], TrackSeen | FileFailed
    ]
    from collections.abc import Iterator


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


_NOTE = struct.Struct("<qd")
_IDLE = -1


@dataclass(frozen=True, slots=True)
class Note:
    """What one worker is doing.

    Attributes
    ----------
    pid : int
        Of the worker, and of its process group.
    number : int
        The task in hand.
    since : float
        When it began, on the monotonic clock: time asleep does not count.
    """

    pid: int
    number: int
    since: float


class Pen:
    """The worker's side: writes what is in hand."""

    def __init__(self, folder: str) -> None:
        path = Path(folder) / f"{os.getpid()}.note"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.ends()

    def begins(self, number: int) -> None:
        """Note that task `number` begins now."""
        os.pwrite(self._file, _NOTE.pack(number, time.monotonic()), 0)

    def ends(self) -> None:
        """Note that nothing is in hand."""
        os.pwrite(self._file, _NOTE.pack(_IDLE, 0.0), 0)


def read_notes(folder: str) -> Iterator[Note]:
    """Yield what the workers have in hand."""
    for path in sorted(Path(folder).glob("*.note")):
        raw = path.read_bytes()
        if len(raw) == _NOTE.size:
            number, since = _NOTE.unpack(raw)
            if number != _IDLE:
                yield Note(int(path.stem), number, since)


def clear_notes(folder: str) -> None:
    """Forget the notes of workers that are no more."""
    for path in Path(folder).glob("*.note"):
        path.unlink()


_PREFIX = "sonicat-scan-"
_LOCK = "lock"
_ENDING_S = 5.0  # that an encoder may go on writing for while it is being killed


@contextmanager
def private_folder() -> Iterator[str]:
    """Give a folder that is gone afterwards, also if an encoder dies while writing.

    What scans that were killed have left behind is removed, too.

    Raises
    ------
    TempFullError
        There is no room for it.
    """
    _sweep()
    try:
        folder = tempfile.mkdtemp(prefix=_PREFIX)
        lock = _hold(Path(folder))
    except OSError as error:
        named = os.environ.get("TMPDIR", "/tmp")  # noqa: S108  (to be named, not used)
        raise TempFullError(named) from error
    try:
        yield folder
    finally:
        until = time.monotonic() + _ENDING_S
        shutil.rmtree(folder, ignore_errors=True)
        while Path(folder).exists() and time.monotonic() < until:
            time.sleep(0.05)
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _hold(folder: Path) -> int:
    """Mark a folder as in use, until this process closes the descriptor or ends."""
    early = folder / "locking"
    lock = os.open(early, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    early.rename(folder / _LOCK)  # never there without being held
    return lock


def _sweep() -> None:
    """Remove the folders that nobody holds any more."""
    with suppress(OSError):
        for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
            if lock.parent.lstat().st_uid == os.getuid() and _is_free(lock):
                shutil.rmtree(lock.parent, ignore_errors=True)


def _is_free(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
