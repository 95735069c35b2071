"""Comparing what is there with what is known; no file is touched."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from catalog.records import KnownFailure, KnownTrack
from scanner.compare import Criteria, compare, is_most_missing, match_moves
from scanner.walk import FoundFile

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def never(_track: KnownTrack) -> bool:
    return False


ALWAYS = Criteria(is_stale=never, is_misread=never)


def file(path: bytes, size: int = 1, mtime: int = 1) -> FoundFile:
    return FoundFile(b"/m", path, size, mtime)


def track(
    path: bytes, size: int = 1, mtime: int = 1, *, number: int = 1, gone: bool = False
) -> KnownTrack:
    return KnownTrack(number, path, size, mtime, "h", 1, NOW if gone else None)


paths = st.sampled_from([b"a", b"b", b"c/d", b"c/e", b"f"])
stamps = st.tuples(st.integers(0, 2), st.integers(0, 2))
found_files = st.dictionaries(paths, stamps).map(
    lambda all_: [file(path, *stamp) for path, stamp in sorted(all_.items())]
)
known_files = st.dictionaries(paths, st.tuples(stamps, st.booleans())).map(
    lambda all_: {
        path: track(path, *stamp, number=n, gone=gone)
        for n, (path, (stamp, gone)) in enumerate(sorted(all_.items()))
    }
)


@given(found_files, known_files, st.booleans(), st.booleans())
def test_every_file_and_every_track_has_exactly_one_fate(
    found: list[FoundFile], known: dict[bytes, KnownTrack], stale: bool, misread: bool
) -> None:
    criteria = Criteria(lambda _track: stale, lambda _track: misread)
    result = compare(found, known, {}, criteria)
    there = {one.path for one in found}
    looked_at = [*result.new, *result.changed, *result.stale, *result.misread]
    back_for_good = [t for t in result.returned if not (stale or misread)]
    assert set(result.known_payloads) == {one.path for one in result.misread}
    assert not (stale and result.misread)
    assert len(looked_at) + result.unchanged + len(back_for_good) == len(found)
    assert {t.path for t in (*result.missing, *result.still_missing)} == set(
        known
    ) - there
    assert all(t.missing_since is None for t in result.missing)
    assert {one.path for one in result.new} == there - set(known)
    assert [t.path for t in result.changed_tracks] == [
        one.path for one in result.changed
    ]


def test_an_older_stamp_is_a_change_too() -> None:
    result = compare([file(b"a", 1, 5)], {b"a": track(b"a", 1, 9)}, {}, ALWAYS)
    assert [one.path for one in result.changed] == [b"a"]


def test_a_failure_is_left_alone_while_its_stamp_is_the_same() -> None:
    failures = {b"a": KnownFailure(b"a", 1, 1, "decode", "truncated")}
    same, other = [file(b"a", 1, 1)], [file(b"a", 1, 2)]
    assert compare(same, {}, failures, ALWAYS).left_alone == same
    assert compare(other, {}, failures, ALWAYS).new == other
    again = Criteria(never, never, retry_failed=True)
    assert compare(same, {}, failures, again).new == same
    # The file is again what it was when it was good.
    assert compare(same, {b"a": track(b"a")}, failures, ALWAYS).unchanged == 1


def test_since_sets_older_files_aside_but_loses_none() -> None:
    criteria = Criteria(never, never, since_ns=5)
    found = [file(b"new", 1, 9), file(b"old", 1, 1)]
    result = compare(found, {b"known": track(b"known")}, {}, criteria)
    assert ([one.path for one in result.new], result.too_old) == ([b"new"], 1)


def test_a_moved_file_is_recognised_by_a_stamp_that_nothing_else_bears() -> None:
    missing = track(b"old/one.mp3", 10, 20)
    moved = file(b"new/one.mp3", 10, 20)
    (move,) = match_moves([moved], [missing], [missing], [moved])
    assert move == (missing, moved)


def test_whatever_is_doubtful_about_a_move_is_left_to_the_audio() -> None:
    missing = track(b"old/one.mp3", 10, 20)
    moved = file(b"new/one.mp3", 10, 20)
    renamed = file(b"new/two.mp3", 10, 20)
    other_time = file(b"new/one.mp3", 10, 21)
    twin = track(b"twin.mp3", 10, 20, number=2)
    assert match_moves([renamed], [missing], [missing], [renamed]) == []
    assert match_moves([other_time], [missing], [missing], [other_time]) == []
    assert match_moves([moved], [missing], [missing, twin], [moved]) == []
    assert match_moves([moved], [missing], [missing], [moved, renamed]) == []
    assert match_moves([moved], [], [missing], [moved]) == []


def test_more_than_half_is_too_much() -> None:
    assert is_most_missing(1, 1)
    assert is_most_missing(2, 3)
    assert not is_most_missing(1, 2)
    assert not is_most_missing(0, 0)


def test_a_failure_holds_until_the_stamp_changes_or_permission_may_be_given() -> None:
    failures = {
        path: KnownFailure(path, 1, 1, stage, "why")
        for path, stage in ((b"a", "decode"), (b"b", "access"), (b"gone", "decode"))
    }
    result = compare([file(b"a"), file(b"b")], {}, failures, ALWAYS)
    assert [one.path for one in result.left_alone] == [b"a"]
    assert [one.path for one in result.new] == [b"b"]
    assert result.vanished_failures == [b"gone"]
