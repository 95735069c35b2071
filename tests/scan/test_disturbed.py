"""Scans that are disturbed on purpose: real signals, real limits, real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc"),
]
LONG_S = 600  # takes a second or two: long enough to be caught in the act


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, tasks.read_text().split())
    return found


def readers(parent: int, path: Path) -> list[int]:
    """Return the children of `parent` that have `path` open."""
    found = []
    for pid in children(parent):
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                if os.readlink(link) == str(path):
                    found.append(pid)
            except OSError:
                continue
    return found


@contextmanager
def whoever_reads(path: Path, parent: int, number: signal.Signals) -> Iterator[None]:
    """Send a signal to every worker that opens `path`, as a bad decoder would."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.002):
            try:
                for pid in readers(parent, path):
                    os.kill(pid, number)
            except OSError:
                continue

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        stop.set()
        watching.join()


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a scan to end; return its status and what it said."""
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def workers_are_gone(parent: int) -> bool:
    """Say whether no process of a scan is left, by its session."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == parent and fields[0] != "Z":
            return False
    return True


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_the_file_that_crashes_its_reader_is_found_out(
    library: Any, scan: Any, number: signal.Signals, jobs: int
) -> None:
    poison = library.add("poison.wav", seed=0, seconds=LONG_S)
    for n in range(1, 5):
        library.add(f"good{n}.flac", seed=n)
    process = scan.start(library.folder, "-q", "-j", jobs)
    with whoever_reads(poison, process.pid, number):
        status, out, err = finish(process)
    assert status == 3, out
    assert err.startswith("scan: 1 file or folder could not be read: "), err
    assert scan.rows("SELECT path_text, stage FROM failures") == [
        ("poison.wav", "crash")
    ]
    assert number.name in scan.one("SELECT reason FROM failures")
    assert scan.one("SELECT count(*) FROM analyses") == 4
    scan.check()
    # Left alone until it changes, or on demand; then it is as good as any.
    assert scan(library.folder)["left_alone"] == 1
    assert scan(library.folder, "--retry-failed")["new"] == 1


def test_a_crash_that_does_not_repeat_costs_nothing(library: Any, scan: Any) -> None:
    long = library.add("long.wav", seed=0, seconds=LONG_S)
    library.add("good.flac", seed=1)
    process = scan.start(library.folder, "-q", "-j", 2)
    wait_for(lambda: readers(process.pid, long))
    os.kill(readers(process.pid, long)[0], signal.SIGSEGV)
    status, _, err = finish(process)
    assert (status, err) == (0, "")
    assert scan.one("SELECT count(*) FROM analyses") == 2
    assert scan.one("SELECT count(*) FROM failures") == 0


def test_a_reader_that_hangs_is_ended(library: Any, scan: Any) -> None:
    poison = library.add("poison.wav", seed=0, seconds=590)
    library.add("good.flac", seed=1)
    # Stopped as it begins, so that it uses up any limit; the others have plenty.
    process = scan.start(library.folder, "-j", 2, "--timeout", "30s")
    with whoever_reads(poison, process.pid, signal.SIGSTOP):
        status, out, _ = finish(process)
    assert status == 3, out
    assert scan.rows("SELECT path_text, stage FROM failures") == [
        ("poison.wav", "timeout")
    ]
    assert scan.one("SELECT count(*) FROM analyses") == 1
    wait_for(lambda: workers_are_gone(process.pid))


STEADY = """
import os, sys, time
from catalog.records import Stamp
from scanner.plan import FileTask
from scanner.settings import ScanSettings
from scanner.pool import WorkerPool
from scanner.worker import Job

def analyze(task, settings, wanted):
    open(os.path.join(task.root, b"begun"), "w").close()
    while time.process_time() < CPU_S:
        pass
    return task.failed("end", "in peace")

if __name__ == "__main__":
    import steady
    folder = sys.argv[1]
    task = FileTask(0, 1, os.fsencode(folder), b"one.wav", Stamp(1, 1), 1.0)
    job = Job.prepare(ScanSettings(timeout_s=4), folder, set(), steady.analyze)
    print(*(one.change.stage for one in WorkerPool([task], job).outcomes() if one))
"""


def test_no_file_is_given_up_because_all_was_stopped(tmp_path: Path) -> None:
    program = tmp_path / "steady.py"
    program.write_text(STEADY.replace("CPU_S", "0.7"))
    places = [str(tmp_path), *filter(None, sys.path)]
    process = subprocess.Popen(
        [sys.executable, program, tmp_path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(places)},
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for((tmp_path / "begun").exists)
    everyone = [process.pid, *children(process.pid)]
    for number in (signal.SIGSTOP, signal.SIGCONT):  # longer than the limit for a file
        for pid in everyone:
            os.kill(pid, number)
        time.sleep(4.5 if number == signal.SIGSTOP else 0)
    out, _ = process.communicate(timeout=60)
    assert out == "end\n"


def test_ctrl_c_keeps_what_is_finished(library: Any, scan: Any) -> None:
    for n in range(4):
        library.add(f"{n}.wav", seed=n, seconds=8)
    last = library.add("long.wav", seed=9, seconds=LONG_S)
    process = scan.start(library.folder, "-j", 2)
    count = "SELECT count(*) FROM analyses"
    with whoever_reads(last, process.pid, signal.SIGSTOP):  # so that it cannot finish
        wait_for(lambda: scan.db.exists() and readers(process.pid, last))
        wait_for(lambda: scan.one(count) > 0)
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    assert status == 130
    assert err.splitlines()[-1].startswith("interrupted: what was finished is kept")
    assert str(scan.db) in out
    done = scan.one(count)
    assert 0 < done < 5
    assert scan.one("SELECT outcome FROM scans") == "interrupted"
    scan.check()
    wait_for(lambda: workers_are_gone(process.pid))
    assert scan(library.folder)["unchanged"] == done


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_ctrl_c_twice_leaves_a_sound_catalog(
    library: Any, scan: Any, pause: float
) -> None:
    for n in range(3):
        library.add(f"{n}.wav", seed=n, seconds=LONG_S)
    process = scan.start(library.folder, "-j", 2)
    wait_for(lambda: readers(process.pid, library.folder / "0.wav"))
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does: to everyone
    time.sleep(pause)
    os.killpg(process.pid, signal.SIGINT)
    status, _, err = finish(process)
    assert status == 130, err
    assert "Traceback" not in err
    scan.check()
    wait_for(lambda: workers_are_gone(process.pid))


@pytest.mark.parametrize("moment", [0.3, 1.5, 3.0])
def test_kill_9_at_any_moment(
    library: Any,
    scan: Any,
    moment: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    for n in range(12):
        library.add(f"{n}.wav", seed=n, seconds=40)
    process = scan.start(library.folder, "-j", 2)
    time.sleep(moment)
    process.kill()
    finish(process)
    # The workers notice by themselves.
    wait_for(lambda: workers_are_gone(process.pid), 30)
    before = {}
    if scan.db.exists() and scan.rows("SELECT 1 FROM sqlite_master"):
        scan.check()
        before = dict(scan.rows("SELECT id, analysed_at FROM analyses"))
    summary = scan(library.folder, "-j", 2)
    assert summary["unchanged"] == len(before)
    after = dict(scan.rows("SELECT id, analysed_at FROM analyses"))
    assert before.items() <= after.items()
    assert len(after) == 12
    scan.check()
    assert list(scratch.iterdir()) == []  # what was killed has left nothing


def test_a_second_scan_waits_or_says_so(library: Any, scan: Any) -> None:
    long = library.add("long.wav", seed=0, seconds=LONG_S * 10)
    process = scan.start(library.folder)
    wait_for(lambda: readers(process.pid, long))
    second = scan.run(library.folder, "--wait", "0s")
    assert second.returncode == 1
    assert str(scan.db) in second.stderr
    assert str(process.pid) in second.stderr
    assert second.stderr.count("\n") == 1
    waiting = scan.start(library.folder, "--limit-time", "0s", "--wait", "60s")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert finish(process)[0] == 130
    assert finish(waiting)[0] == 0


def test_a_root_that_goes_away_meanwhile(
    library: Any, scan: Any, tmp_path: Any
) -> None:
    long = library.add("long.wav", seed=0, seconds=LONG_S)
    for n in range(1, 4):
        library.add(f"{n}.flac", seed=n)
    process = scan.start(library.folder)
    wait_for(lambda: readers(process.pid, long))
    library.folder.rename(tmp_path / "unplugged")
    status, _, err = finish(process)
    assert status == 1
    assert f"{library.folder} went away" in err
    assert scan.one("SELECT count(*) FROM failures") == 0
    scan.check()


def test_more_memory_than_allowed(library: Any, tmp_path: Path) -> None:
    from catalog.records import FileFailed
    from scanner.plan import FileTask
    from scanner.pool import WorkerPool
    from scanner.settings import ScanSettings
    from scanner.worker import Job

    path = library.add("long.wav", seed=0, seconds=LONG_S)
    status = path.stat()
    from catalog.records import Stamp

    stamp = Stamp(status.st_size, status.st_mtime_ns)
    task = FileTask(
        0, 1, os.fsencode(library.folder), b"long.wav", stamp, float(LONG_S)
    )
    folder = tmp_path / "private"
    folder.mkdir()
    job = Job.prepare(ScanSettings(memory_limit=50 << 20), str(folder), set())
    (outcome,) = [one for one in WorkerPool([task], job).outcomes() if one]
    assert isinstance(outcome.change, FileFailed)
    assert (outcome.change.stage, outcome.change.reason) == (
        "memory",
        "it took more than 50 MB",
    )
