"""One worker process of a scan: its tasks, its heartbeat, its private folder."""

from __future__ import annotations

import faulthandler
import fcntl
import os
import shutil
import signal
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from catalog.records import FileFailed, TrackScanned
from scanner.exceptions import TempFullError
from scanner.plan import FileTask
from scanner.settings import ScanSettings
from scanner.signals import end_with_parent

Analyze = Callable[
    [FileTask, ScanSettings, Callable[[str], bool]], TrackScanned | FileFailed
]

_ANALYZED = "analysed"  # file in the private folder: payload hashes, one a line
_RESERVED = "reserved"  # folder in it: a link for each payload, to the task's number


@dataclass(frozen=True, slots=True)
class Job:
    """What every task of a scan has in common.

    Attributes
    ----------
    settings : ScanSettings
    folder : str
        Private to the scan: heartbeats, reserved payloads, and the hashes of those
        that need no analysis.
    parent : int
        Process id of the scan.
    analyze : callable or None
        What is done for a task: a function of a module, as workers import it; None:
        `scanner.analyze.analyze`, which loads decoders and numba, in workers alone.
    """

    settings: ScanSettings
    folder: str
    parent: int
    analyze: Analyze | None

    @staticmethod
    def prepare(
        settings: ScanSettings,
        folder: str,
        analyzed: set[str],
        analyze: Analyze | None = None,
    ) -> Job:
        """Lay out the private folder `folder`, and return the job.

        Raises
        ------
        TempFullError
            There is no room in it.
        """
        try:
            Path(folder, _RESERVED).mkdir()
            Path(folder, _ANALYZED).write_text("\n".join(sorted(analyzed)), "ascii")
        except OSError as error:
            raise TempFullError(folder) from error
        return Job(settings, folder, os.getpid(), analyze)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one task.

    Attributes
    ----------
    number : int
        Of the task.
    change : TrackScanned or FileFailed
    wall_s : float
    """

    number: int
    change: TrackScanned | FileFailed
    wall_s: float


class _Worker:
    """The state of this process between tasks."""

    def __init__(self, job: Job) -> None:
        self.folder = job.folder
        self._number = 0
        self._is_full = False
        self._analyze = job.analyze or _load_analyze()
        self._heartbeat = HeartbeatFile(job.folder)
        self._analyzed = frozenset(
            Path(job.folder, _ANALYZED).read_text("ascii").split()
        )

    def run(self, task: FileTask, job: Job) -> Outcome:
        """Analyze one file."""
        self._number = task.number
        self._heartbeat.begin_task(task.number)
        start = time.perf_counter()
        change = self._analyze(task, job.settings, self.reserve_payload)
        if self._is_full:  # no fault of the file's
            raise TempFullError(self.folder)
        self._heartbeat.end_task()
        return Outcome(task.number, change, time.perf_counter() - start)

    def reserve_payload(self, payload: str) -> bool:
        """Reserve the analysis of a payload; False where it is another's, or done."""
        if payload in self._analyzed:
            return False
        link = Path(self.folder, _RESERVED, payload)
        try:
            link.symlink_to(str(self._number))  # takes no room, and is there at once
        except FileExistsError:
            # This task's own, if an earlier attempt at it was cut short.
            return str(link.readlink()) == str(self._number)
        except OSError:
            self._is_full = True
            return False
        return True


def _load_analyze() -> Analyze:
    # Loads decoders and numba: the scan itself does without, and starts its workers
    # sooner.
    from scanner.analyze import analyze  # noqa: PLC0415

    return analyze


_worker: _Worker | None = None


def run_tasks(tasks: Sequence[FileTask], job: Job) -> list[Outcome]:
    """Do some tasks in this worker process, one after the other.

    Raises
    ------
    TempFullError
        There is no room in the scan's private folder.
    """
    global _worker  # noqa: PLW0603 - a worker is one process: this is its state
    if _worker is None or _worker.folder != job.folder:
        _prepare_process(job)
        try:
            _worker = _Worker(job)
        except OSError as error:
            raise TempFullError(job.folder) from error
    return [_worker.run(task, job) for task in tasks]


def _prepare_process(job: Job) -> None:
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
    end_with_parent(job.parent)


_HEARTBEAT = struct.Struct("<qd")
_IDLE = -1


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What one worker is doing.

    Attributes
    ----------
    pid : int
        Of the worker, and of its process group.
    number : int
        The task that it is running.
    since : float
        When that began, on the monotonic clock: time asleep does not count.
    """

    pid: int
    number: int
    since: float


class HeartbeatFile:
    """The worker's side of its heartbeat.

    Parameters
    ----------
    folder : str
        The scan's private one.
    """

    def __init__(self, folder: str) -> None:
        path = Path(folder) / f"{os.getpid()}.heartbeat"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.end_task()

    def begin_task(self, number: int) -> None:
        """Write that task `number` begins now."""
        os.pwrite(self._file, _HEARTBEAT.pack(number, time.monotonic()), 0)

    def end_task(self) -> None:
        """Write that no task is running."""
        os.pwrite(self._file, _HEARTBEAT.pack(_IDLE, 0.0), 0)


def read_heartbeats(folder: str) -> Iterator[Heartbeat]:
    """Yield what the workers are running."""
    for path in sorted(Path(folder).glob("*.heartbeat")):
        raw = path.read_bytes()
        if len(raw) == _HEARTBEAT.size:
            number, since = _HEARTBEAT.unpack(raw)
            if number != _IDLE:
                yield Heartbeat(int(path.stem), number, since)


def clear_heartbeats(folder: str) -> None:
    """Remove the heartbeats of workers that are no more."""
    for path in Path(folder).glob("*.heartbeat"):
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
    _remove_abandoned()
    try:
        folder = tempfile.mkdtemp(prefix=_PREFIX)
        lock = _lock_folder(Path(folder))
    except OSError as error:
        place = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - named, not used
        raise TempFullError(place) from error
    try:
        yield folder
    finally:
        until = time.monotonic() + _ENDING_S
        shutil.rmtree(folder, ignore_errors=True)
        while Path(folder).exists() and time.monotonic() < until:
            time.sleep(0.05)
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _lock_folder(folder: Path) -> int:
    """Mark a folder as in use, until this process closes the descriptor or ends."""
    early = folder / "locking"
    lock = os.open(early, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    early.rename(folder / _LOCK)  # never there without being held
    return lock


def _remove_abandoned() -> None:
    """Remove the folders that nobody holds any more."""
    with suppress(OSError):
        for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
            if lock.parent.lstat().st_uid == os.getuid() and _is_abandoned(lock):
                shutil.rmtree(lock.parent, ignore_errors=True)


def _is_abandoned(lock: Path) -> bool:
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
