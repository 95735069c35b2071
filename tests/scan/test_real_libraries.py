"""What real libraries hold beside plain files, through the real command."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mutagen.flac import FLAC

from catalog.database import catalog_url
from catalog.exceptions import CatalogGoneError
from scanner import pipeline
from scanner.audio.files import audio_file
from scanner.progress import Progress
from scanner.settings import ScanSettings
from tests.files.odd_lengths import BOTH_S, ODD, Encoder

pytestmark = pytest.mark.slow

GOOD = (
    *("vbr.mp3", "xing of half.mp3", "free format.mp3", "joined, the second small.mp3"),
    *("rates.aac", "chained.ogg", "zero.wav", "half the total.flac"),
)
BAD = {"xing, cut.mp3": "truncated", "half.wav": "more follow"}


def test_lengths_and_bitrates_are_those_of_the_audio(
    library: Any, scan: Any, tmp_path: Path
) -> None:
    encode = Encoder(tmp_path)
    for name in (*GOOD, *BAD):
        (library.folder / name).write_bytes(ODD[name].make(encode))
    summary = scan(library.folder, status=3)
    assert (summary["new"], summary["failed"]) == (len(GOOD), len(BAD))
    for failure in summary["failures"]:
        assert failure["stage"] == "decode"
        assert BAD[Path(failure["path"]).name] in failure["reason"]
    facts = (
        "SELECT path_text, tracks.bitrate, tracks.duration_s, analyses.duration_s "
        "FROM tracks JOIN analyses ON analyses.payload_id = tracks.payload_id "
        "WHERE status = 'ok' ORDER BY 1"
    )
    found = scan.rows(facts)
    assert sorted(name for name, *_ in found) == sorted(GOOD)
    for name, bitrate, claimed_s, decoded_s in found:
        assert claimed_s == pytest.approx(BOTH_S, abs=0.15), name
        assert decoded_s == pytest.approx(BOTH_S, abs=0.15), name
        average = (library.folder / name).stat().st_size * 8 / BOTH_S
        # Ogg has two headers of some kilobytes, which are no audio.
        assert bitrate == pytest.approx(average, rel=0.4 if "ogg" in name else 0.1)
    # Tags alone are read by other rules: of the audio, what is known stays.
    again = scan(library.folder, "--artist-separator", "/", tags_only=True)
    assert (again["retagged"], again["left_alone"]) == (len(GOOD), len(BAD))
    assert scan.rows(facts) == found


def test_a_cue_sheet_beside_one_long_file_makes_no_tracks(
    library: Any, scan: Any
) -> None:
    album = library.add("Ann/Live/Ann - Live.flac", seed=1, seconds=12)
    sheet = 'FILE "Ann - Live.flac" WAVE\n' + "".join(
        f'  TRACK {n:02} AUDIO\n    TITLE "{n}"\n    INDEX 01 00:{n:02}:00\n'
        for n in range(1, 11)
    )
    flac = FLAC(album)
    flac["CUESHEET"] = sheet
    flac.save()
    for suffix in (".cue", ".log", ".m3u8"):
        album.with_suffix(suffix).write_text(sheet)
    assert scan(library.folder, tags_only=True)["new"] == 1
    assert scan.rows("SELECT title, duration_s FROM tracks") == [("One", 12.0)]


@contextmanager
def lease(path: Path, given_back_after_s: float) -> Iterator[None]:
    """Hold a lease on a file, as a file server does for its clients.

    Whoever opens it waits until the holder gives it back: what a stalled share is like.
    """
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    fd = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            pytest.skip("this file system has no leases")
        let_go = partial(fcntl.fcntl, fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        timer = threading.Timer(given_back_after_s, let_go)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
    finally:
        os.close(fd)
        signal.signal(signal.SIGIO, before)


def test_a_file_that_cannot_be_opened_at_once_is_waited_for(library: Any) -> None:
    song = library.add("song.wav", seed=1)
    with lease(song, 0.5), audio_file(bytes(song)) as file:
        assert file.container == "wav"


def test_a_file_that_cannot_be_opened_at_all_costs_its_time_limit(
    library: Any, scan: Any
) -> None:
    song = library.add("song.wav", seed=1)
    library.add("good.wav", seed=2)
    start = time.monotonic()
    with lease(song, 60):
        limit = ("--timeout", "3s")
        summary = scan(library.folder, *limit, status=3, tags_only=True)
    assert time.monotonic() - start < 40
    (failure,) = summary["failures"]
    assert (failure["path"], failure["stage"]) == (str(song), "timeout")
    assert summary["new"] == 1


def test_every_way_of_being_forbidden_is_named(library: Any, scan: Any) -> None:
    library.add("plain/song.flac", seed=0)
    for n, mode in enumerate((0o000, 0o111, 0o444), 1):
        library.add(f"{mode:o}/song.flac", seed=n).parent.chmod(mode)
    alone = library.add("file/song.flac", seed=4)
    alone.chmod(0)
    try:
        summary = scan(library.folder, status=3, tags_only=True)
    finally:
        for folder in library.folder.iterdir():
            folder.chmod(0o755)
    assert summary["new"] == 1
    places = {"0", "111", "444/song.flac", "file/song.flac"}
    named = {item["path"] for item in summary["failures"]}
    assert named == {str(library.folder / place) for place in places}
    assert summary["failed_by_stage"] == {"access": 4}
    assert {path for (path,) in scan.rows("SELECT path FROM v_failures")} == places
    alone.chmod(0o644)
    assert scan(library.folder, tags_only=True)["new"] == 4
    assert scan.rows("SELECT path FROM v_failures") == []


def test_what_is_out_of_reach_is_not_missing(library: Any, scan: Any) -> None:
    """Listed but not to be looked at, or behind a link whose drive is not there."""
    shut = library.add("shut/song.flac", seed=1).parent
    drive = library.folder.with_name("drive")
    drive.mkdir()
    library.add("drive.flac", seed=2).rename(drive / "song.flac")
    (library.folder / "linked").symlink_to(drive)
    for n in range(5):
        library.add(f"plain/{n}.flac", seed=3 + n)
    assert scan(library.folder, tags_only=True)["new"] == 7
    shut.chmod(0o644)
    away = drive.rename(drive.with_name("away"))
    try:
        for attempt in (1, 2):  # nor are the failures forgotten
            summary = scan(library.folder, status=3, tags_only=True)
            assert (summary["missing"], summary["failed"]) == (0, 2), attempt
            failures = scan.rows("SELECT path, stage FROM v_failures ORDER BY path")
            assert failures == [("linked", "access"), ("shut/song.flac", "access")]
    finally:
        shut.chmod(0o755)
    away.rename(drive)
    assert scan(library.folder, tags_only=True)["unchanged"] == 7
    assert scan.rows("SELECT path FROM v_failures") == []


def test_a_link_that_leads_nowhere_is_a_failure_and_said_even_quietly(
    library: Any, scan: Any
) -> None:
    library.add("good.flac", seed=1)
    for name in ("song.flac", "cover.jpg"):
        (library.folder / name).symlink_to("/nowhere/at/all")
    done = scan.run(library.folder, "--tags-only", "-q")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("scan: 1 file or folder could not be read")
    assert scan.rows("SELECT path, stage, reason FROM v_failures") == [
        ("song.flac", "access", "No such file or directory")
    ]
    (library.folder / "song.flac").unlink()
    done = scan.run(library.folder, "--tags-only", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert scan.rows("SELECT path FROM v_failures") == []


class TakingAway(Progress):
    """Takes the catalog away when so many files are done."""

    def __init__(self, take: Callable[[], object], after: int) -> None:
        self._take, self._left = take, after

    def begin(self, *_: object) -> None:
        if not self._left:
            self._take()

    def done(self, *_: object) -> None:
        self._left -= 1
        self.begin()


@pytest.mark.parametrize(("after", "moved"), [(0, False), (1, True), (2, False)])
def test_a_catalog_that_is_taken_away_is_missed(
    library: Any, scan: Any, tmp_path: Path, after: int, *, moved: bool
) -> None:
    scan.db = tmp_path / "catalogs" / "catalog.db"
    scan.db.parent.mkdir()

    def run(progress: Progress) -> None:
        folder, url = bytes(library.folder), catalog_url(str(scan.db))
        pipeline.scan([folder], url, ScanSettings(jobs=1, tags_only=True), progress)

    library.add("known.wav", seed=1)
    run(Progress())
    for n in range(2):
        library.add(f"{n}.wav", seed=2 + n)
    elsewhere = scan.db.with_name("moved.db")
    take = partial(scan.db.rename, elsewhere) if moved else scan.db.unlink
    with pytest.raises(CatalogGoneError, match=f"{scan.db}: the catalog was removed"):
        run(TakingAway(take, after))
    assert list(scan.db.parent.iterdir()) == ([elsewhere] if moved else [])
    if moved:
        scan.db = elsewhere
        scan.check()
        assert scan.one("SELECT count(*) FROM tracks") == 1
