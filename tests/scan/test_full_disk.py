"""No room: for the catalog, and for the notes of the workers. Real file systems."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mutagen
import pytest

pytestmark = pytest.mark.slow

SmallDisk = Callable[[str], Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Return a function that mounts an empty file system of some size."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs"]
        try:
            done = subprocess.run([*command, folder], capture_output=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no mount command")
        if done.returncode:
            pytest.skip(f"cannot mount a small disk: {done.stderr.decode().strip()}")
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def talkative(library: Any) -> list[Path]:
    """Files that take a hundred kilobytes of the catalog each, for their tags."""
    made = [library.add(f"{n:02}.flac", seed=n, seconds=0.1) for n in range(12)]
    for path in made:
        file = mutagen.File(path)
        file["comment"] = [f"{path.name} {n} ".ljust(3900, "x") for n in range(25)]
        file.save()
    return made


def one_line(done: subprocess.CompletedProcess[str], where: Path) -> str:
    """Return what a scan that failed printed."""
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    assert str(where) in done.stderr
    return done.stderr


def test_a_full_disk_loses_nothing_that_was_stored(
    library: Any, scan: Any, talkative: list[Path], small_disk: SmallDisk
) -> None:
    disk = small_disk("4m")
    scan.db = disk / "catalog.db"
    assert scan(*talkative[:3], tags_only=True)["new"] == 3
    room = os.statvfs(disk)
    with (disk / "ballast").open("wb") as ballast:
        ballast.write(bytes(room.f_bavail * room.f_bsize - 400_000))
    output = one_line(scan.run(library.folder, "--tags-only"), scan.db)
    assert "no room to write" in output
    (disk / "ballast").unlink()
    scan.check()
    assert scan.one("SELECT count(*) FROM tracks") == 3
    summary = scan(library.folder, tags_only=True)
    assert (summary["unchanged"], summary["new"]) == (3, 9)
    scan.check()


def test_a_quota_is_a_full_disk(library: Any, scan: Any, talkative: list[Path]) -> None:
    scan(*talkative[:3], tags_only=True)
    most = scan.db.stat().st_size + 400_000

    def little_room() -> None:
        # Files of this process may not grow further: EFBIG, as a quota would say.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    done = subprocess.run(
        scan.line(library.folder, "--tags-only"),
        preexec_fn=little_room,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    one_line(done, scan.db)
    scan.check()
    assert scan.one("SELECT count(*) FROM tracks") == 3
    assert scan(library.folder, tags_only=True)["new"] == 9


def test_no_room_for_notes_is_no_fault_of_the_files(
    library: Any, scan: Any, small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = library.add("one.flac", seed=1, seconds=0.1)
    library.add("two.flac", seed=2, seconds=0.1)
    scan(one)
    # One page, which the list of what is analysed takes up.
    disk = small_disk("4k")
    monkeypatch.setenv("TMPDIR", str(disk))
    output = one_line(scan.run(library.folder), disk)
    assert "TMPDIR" in output
    assert scan.one("SELECT count(*) FROM failures") == 0
    assert list(disk.iterdir()) == []
    scan.check()
    monkeypatch.delenv("TMPDIR")
    assert scan(library.folder)["new"] == 1
