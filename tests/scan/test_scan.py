"""Scan, change something, scan again: what the catalog then says."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def album(library: Any) -> list[Path]:
    return [library.add(f"Ann/First/0{n}.flac", seed=n) for n in (1, 2, 3)]


def test_a_second_scan_analyses_nothing(library: Any, scan: Any, album: Any) -> None:
    first = scan(library.folder)
    assert (first["new"], first["failed"], first["unchanged"]) == (3, 0, 0)
    assert first["audio_hours"] == pytest.approx(18 / 3600, rel=0.01)
    assert scan.one("SELECT count(*) FROM analyses") == 3
    assert scan.one("SELECT count(*) FROM windows") == 3
    stages = {stage for (stage,) in scan.rows("SELECT stage FROM stage_costs")}
    assert {"payload", "tags", "decode"} <= stages

    ids = scan.rows("SELECT id, analysed_at FROM analyses")
    second = scan(library.folder)
    assert (second["new"], second["unchanged"]) == (0, 3)
    assert scan.rows("SELECT id, analysed_at FROM analyses") == ids
    # Without a path: what the catalog knows.
    assert scan()["unchanged"] == 3


def test_edited_tags_are_read_and_features_stay(
    library: Any, scan: Any, album: Any
) -> None:
    scan(library.folder)
    ids = scan.rows("SELECT id, analysed_at FROM analyses")
    library.tag(album[0], "Another")
    summary = scan(library.folder)
    assert (summary["tags_edited"], summary["audio_changed"]) == (1, 0)
    titles = scan.rows("SELECT title FROM tracks ORDER BY path")
    assert titles == [("Another",), ("One",), ("One",)]
    assert scan.rows("SELECT id, analysed_at FROM analyses") == ids


def test_changed_audio_is_analysed_again(library: Any, scan: Any, album: Any) -> None:
    scan(library.folder)
    before = scan.rows("SELECT id, payload_id FROM tracks ORDER BY path")
    # As long, as large in tags, and older than before: unequal is enough.
    library.add("Ann/First/01.flac", seed=9)
    os.utime(album[0], ns=(10**18, 10**18))
    summary = scan(library.folder)
    assert (summary["audio_changed"], summary["tags_edited"]) == (1, 0)
    after = scan.rows("SELECT id, payload_id FROM tracks ORDER BY path")
    assert [row[0] for row in after] == [row[0] for row in before]
    assert after[0][1] != before[0][1]
    assert after[1:] == before[1:]
    assert scan(library.folder)["unchanged"] == 3


def test_moved_files_keep_their_rows(library: Any, scan: Any, album: Any) -> None:
    scan(library.folder)
    ids = dict(scan.rows("SELECT path_text, id FROM tracks"))
    # One is moved as it is, one is renamed, one is renamed and tagged anew.
    other = library.folder / "Ann" / "Second"
    other.mkdir()
    album[0].rename(other / "01.flac")
    album[1].rename(other / "two.flac")
    library.tag(album[2].rename(other / "three.flac"), "Three")
    summary = scan(library.folder)
    assert (summary["moved"], summary["new"], summary["missing"]) == (3, 0, 0)
    assert summary["audio_hours"] == 0
    now = dict(scan.rows("SELECT path_text, id FROM tracks"))
    assert now["Ann/Second/01.flac"] == ids["Ann/First/01.flac"]
    assert now["Ann/Second/two.flac"] == ids["Ann/First/02.flac"]
    assert now["Ann/Second/three.flac"] == ids["Ann/First/03.flac"]
    assert (
        scan.one("SELECT title FROM tracks WHERE path_text LIKE '%three%'") == "Three"
    )
    assert scan(library.folder)["unchanged"] == 3


def test_a_whole_tree_moves_without_being_read(
    library: Any, scan: Any, album: Any, tmp_path: Path
) -> None:
    scan(library.folder, tags_only=True)
    ids = scan.rows("SELECT id FROM tracks ORDER BY id")
    moved = tmp_path / "elsewhere"
    library.folder.rename(moved)
    summary = scan(moved, "-v", tags_only=True)
    assert (summary["moved"], summary["new"]) == (3, 0)
    assert scan.rows("SELECT id FROM tracks ORDER BY id") == ids
    assert scan(moved, tags_only=True)["unchanged"] == 3
    # The old place holds nothing any more: nothing is asked of it.
    assert scan(tags_only=True)["unchanged"] == 3


def test_duplicates_share_one_analysis(library: Any, scan: Any, album: Any) -> None:
    copies = library.folder / "Copies"
    copies.mkdir()
    shutil.copy(album[0], copies / "same.flac")
    library.tag(Path(shutil.copy(album[0], copies / "tagged.flac")), "Else")
    summary = scan(library.folder)
    assert (summary["new"], summary["shared"]) == (5, 2)
    assert scan.one("SELECT count(*) FROM tracks") == 5
    assert scan.one("SELECT count(*) FROM analyses") == 3
    assert scan(library.folder)["unchanged"] == 5


def test_other_features_replace_the_old_track_by_track(
    library: Any, scan: Any, album: Any
) -> None:
    scan(library.folder)
    summary = scan(library.folder, "--window", 4, "--hop", 2)
    assert (summary["reanalysed"], summary["new"]) == (3, 0)
    assert scan.one("SELECT count(*) FROM tracks") == 3
    assert scan.one("SELECT max(id) FROM feature_sets") == 2
    again = scan(library.folder, "--window", 4, "--hop", 2)
    assert (again["unchanged"], again["reanalysed"]) == (3, 0)


def test_features_follow_a_scan_of_tags_alone(
    library: Any, scan: Any, album: Any
) -> None:
    assert scan(library.folder, tags_only=True)["new"] == 3
    assert scan.one("SELECT count(*) FROM analyses") == 0
    assert scan(library.folder)["reanalysed"] == 3
    assert scan.one("SELECT count(*) FROM analyses") == 3
    assert scan(library.folder, tags_only=True)["unchanged"] == 3


def test_missing_tracks_are_marked_and_come_back(
    library: Any, scan: Any, album: Any, tmp_path: Path
) -> None:
    scan(library.folder, tags_only=True)
    away = album[0].rename(tmp_path / "away.flac")
    assert scan(library.folder, tags_only=True)["missing"] == 1
    missing = "SELECT path_text FROM tracks WHERE missing_since IS NOT NULL"
    assert scan.rows(missing) == [("Ann/First/01.flac",)]
    assert scan(library.folder, tags_only=True)["missing"] == 0
    away.rename(album[0])
    summary = scan(library.folder, tags_only=True)
    assert (summary["returned"], summary["unchanged"]) == (1, 2)
    assert scan.rows(missing) == []


def test_a_drive_that_is_not_there_changes_nothing(
    library: Any, scan: Any, album: Any, tmp_path: Path
) -> None:
    scan(library.folder, tags_only=True)
    missing = "SELECT count(*) FROM tracks WHERE missing_since IS NOT NULL"
    away = library.folder.rename(tmp_path / "unplugged")
    for empty in (False, True):
        if empty:
            library.folder.mkdir()
        for paths in ([], [library.folder]):
            done = scan.run(*paths)
            assert done.returncode == 1
            assert str(library.folder) in done.stderr
            assert "--accept-missing" in done.stderr
            assert done.stderr.count("\n") == 1
    assert scan.one(missing) == 0
    # Two of three gone is more than half; one of three is a deleted file.
    library.folder.rmdir()
    away.rename(library.folder)
    album[0].unlink()
    album[1].unlink()
    assert scan.run(library.folder).returncode == 1
    assert scan.one(missing) == 0
    assert scan(library.folder, "--accept-missing", tags_only=True)["missing"] == 2
    assert scan.one(missing) == 2


def test_an_unreadable_folder_hides_its_tracks_but_loses_none(
    library: Any, scan: Any, album: Any
) -> None:
    for n in range(4):
        library.add(f"Bob/Other/{n}.flac", seed=10 + n)
    broken = album[0].with_name("broken.mp3")
    broken.write_text("no music at all")
    scan(library.folder, status=3, tags_only=True)
    folder = album[0].parent
    folder.chmod(0)
    try:
        summary = scan(library.folder, status=3, tags_only=True)
    finally:
        folder.chmod(0o755)
    assert [one["path"] for one in summary["failures"]] == [str(folder)]
    assert (summary["missing"], summary["unchanged"]) == (0, 4)
    # Nor is it forgotten what failed there.
    summary = scan(library.folder, tags_only=True)
    assert (summary["unchanged"], summary["left_alone"]) == (7, 1)


def test_an_unreadable_file_is_read_as_soon_as_it_may_be(
    library: Any, scan: Any, album: Any
) -> None:
    album[0].chmod(0)
    for _ in range(2):
        summary = scan(library.folder, status=3, tags_only=True)
        (failure,) = summary["failures"]
        assert (failure["stage"], failure["reason"]) == ("access", "Permission denied")
    album[0].chmod(0o644)  # which leaves no trace in size and time
    summary = scan(library.folder, tags_only=True)
    assert (summary["new"], summary["unchanged"]) == (1, 2)
    assert scan.one("SELECT count(*) FROM failures") == 0


def test_failures_of_files_that_are_gone_are_forgotten(
    library: Any, scan: Any, album: Any, tmp_path: Path
) -> None:
    broken = [library.folder / name / "text.mp3" for name in ("Ann", "Bob")]
    broken[1].parent.mkdir()
    for path in broken:
        path.write_text("no music at all")
    scan(library.folder, status=3, tags_only=True)
    broken[0].unlink()
    failed = "SELECT path_text FROM failures"
    scan(library.folder / "Bob", tags_only=True)  # which says nothing of the other
    assert len(scan.rows(failed)) == 2
    scan(library.folder, tags_only=True)
    assert scan.rows(failed) == [("Bob/text.mp3",)]
    # With the whole tree, its root and all that was said of it move.
    moved = library.folder.rename(tmp_path / "elsewhere")
    assert scan(moved, status=3, tags_only=True)["moved"] == 3
    assert scan.rows("SELECT path FROM roots") == [(os.fsencode(moved),)]
    assert scan.rows(failed) == [("Bob/text.mp3",)]


def test_broken_files_are_recorded_and_tried_again_when_they_change(
    library: Any, scan: Any, album: Any
) -> None:
    whole = album[0].read_bytes()
    album[0].write_bytes(whole[: len(whole) // 2])
    (library.folder / "text.mp3").write_text("no music at all")
    (library.folder / "empty.ogg").write_bytes(b"")
    summary = scan(library.folder, status=3)
    assert (summary["new"], summary["failed"]) == (2, 3)
    stages = dict(scan.rows("SELECT path_text, stage FROM failures"))
    assert stages["Ann/First/01.flac"] == "decode"
    assert set(stages) == {"Ann/First/01.flac", "text.mp3", "empty.ogg"}

    again = scan(library.folder)
    assert (again["left_alone"], again["failed"], again["unchanged"]) == (3, 0, 2)
    retried = scan(library.folder, "--retry-failed", status=3)
    assert retried["failed"] == 3
    album[0].write_bytes(whole)
    mended = scan(library.folder)
    assert (mended["new"], mended["left_alone"]) == (1, 2)
    assert scan.one("SELECT count(*) FROM failures") == 2


def test_a_failure_replaces_no_good_row(library: Any, scan: Any, album: Any) -> None:
    scan(library.folder)
    whole, times = album[0].read_bytes(), album[0].stat()
    album[0].write_bytes(whole[: len(whole) // 2])
    assert scan(library.folder, status=3)["failed"] == 1
    assert scan.one("SELECT count(*) FROM analyses") == 3
    assert scan.one("SELECT count(*) FROM tracks WHERE missing_since IS NULL") == 3
    # Put back as it was, as from a backup, it has not failed any more.
    album[0].write_bytes(whole)
    os.utime(album[0], ns=(times.st_atime_ns, times.st_mtime_ns))
    assert scan(library.folder)["unchanged"] == 3
    assert scan.one("SELECT count(*) FROM failures") == 0


def test_roots_given_twice_and_inside_each_other(
    library: Any, scan: Any, album: Any, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(library.folder)
    first = scan(album[0].parent, tags_only=True)
    assert first["new"] == 3
    ids = scan.rows("SELECT id FROM tracks ORDER BY id")
    # The outer folder takes over what the inner one holds.
    paths = [library.folder, link, album[0].parent, library.folder / "Ann", album[0]]
    second = scan(*paths, tags_only=True)
    assert (second["found"], second["new"], second["unchanged"]) == (3, 0, 3)
    assert scan.rows("SELECT id FROM tracks ORDER BY id") == ids
    roots = "SELECT DISTINCT roots.path FROM tracks JOIN roots ON roots.id = root_id"
    assert scan.rows(roots) == [(os.fsencode(library.folder),)]
    assert scan(tags_only=True)["unchanged"] == 3
    # A part of a known root is a part of it, and no root of its own.
    part = scan(album[0].parent, tags_only=True)
    assert (part["unchanged"], part["new"], part["missing"]) == (3, 0, 0)


def test_a_single_file(library: Any, scan: Any, album: Any) -> None:
    assert scan(album[1], tags_only=True)["new"] == 1
    assert scan(album[1], tags_only=True)["unchanged"] == 1
    summary = scan(album[1].parent, tags_only=True)
    assert (summary["new"], summary["unchanged"]) == (2, 1)


def test_names_of_any_bytes(library: Any, scan: Any) -> None:
    for n, name in enumerate(
        [b"caf\xe9.flac", "😀\n.flac".encode(), b"x" * 250 + b".flac"]
    ):
        library.add(name, seed=n)
    os.mkfifo(library.folder / "pipe.mp3")
    (library.folder / "loop").symlink_to(library.folder)
    assert scan(library.folder, tags_only=True)["new"] == 3
    paths = {path for (path,) in scan.rows("SELECT path FROM tracks")}
    assert paths == {b"caf\xe9.flac", "😀\n.flac".encode(), b"x" * 250 + b".flac"}
    assert scan(library.folder, tags_only=True)["unchanged"] == 3
    done = scan.run(library.folder, "-v", "--tags-only")
    assert done.returncode == 0


def test_since_and_the_time_limit_leave_files_for_later(
    library: Any, scan: Any, album: Any
) -> None:
    os.utime(album[0], (10**9, 10**9))
    summary = scan(library.folder, "--since", "1d", tags_only=True)
    assert (summary["new"], summary["too_old"]) == (2, 1)
    summary = scan(library.folder, "--limit-time", "0s", tags_only=True)
    assert (summary["new"], summary["left"]) == (0, 1)
    assert scan(library.folder, tags_only=True)["new"] == 1
