"""Files found against tracks known: new, changed, unchanged, missing or moved."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from catalog.database import readable
from catalog.records import (
    FileFailed,
    KnownFailure,
    KnownTrack,
    Stamp,
    TrackMoved,
    TrackReturned,
)
from scanner.exceptions import NO_ACCESS, RootGoneError
from scanner.walk import FoundFile, is_gone, is_inside, relative_path


class Criteria(NamedTuple):
    """What makes a known file worth another look.

    Attributes
    ----------
    is_stale : callable
        Says whether an unchanged track still lacks features of today's feature set.
    is_misread : callable
        Says whether its tags were read by other rules than today's.
    retry_failed : bool
    since_ns : int or None
        Files that changed before are left alone.
    """

    is_stale: Callable[[KnownTrack], bool]
    is_misread: Callable[[KnownTrack], bool]
    retry_failed: bool = False
    since_ns: int | None = None

    def is_due(self, track: KnownTrack) -> bool:
        """Say whether an unchanged track is to be read again."""
        return self.is_stale(track) or self.is_misread(track)


class Differences:
    """How one root differs from what the catalog knows of it.

    Attributes
    ----------
    new, changed, stale, misread : list of FoundFile
        Files to look at: unknown; known with another stamp; unchanged, but without
        features of today's feature set; only their tags to be read by other rules.
    known_payloads : dict
        Of the misread files: path to payload hash.
    changed_tracks : list of KnownTrack
        What the catalog knows of the changed files.
    unchanged : int
    returned : list of KnownTrack
        Were missing, are back.
    left_alone : list of FoundFile
        Failed before and did not change since.
    too_old : int
        Not looked at because of ``since_ns``.
    missing : list of KnownTrack
        Known and present before, not found now.
    still_missing : list of KnownTrack
        Missing before, and not found now either.
    vanished_failures : list of bytes
        Paths of files that failed before and are no more, or as they were when good.
    """

    def __init__(self) -> None:
        self.new: list[FoundFile] = []
        self.changed: list[FoundFile] = []
        self.stale: list[FoundFile] = []
        self.misread: list[FoundFile] = []
        self.known_payloads: dict[bytes, str] = {}
        self.changed_tracks: list[KnownTrack] = []
        self.unchanged = 0
        self.returned: list[KnownTrack] = []
        self.left_alone: list[FoundFile] = []
        self.too_old = 0
        self.missing: list[KnownTrack] = []
        self.still_missing: list[KnownTrack] = []
        self.vanished_failures: list[bytes] = []


def compare(
    found: Iterable[FoundFile],
    known: Mapping[bytes, KnownTrack],
    failures: Mapping[bytes, KnownFailure],
    criteria: Criteria,
) -> Differences:
    """Sort every file of one root into what is to be done with it; no I/O.

    Parameters
    ----------
    found : iterable of FoundFile
        Each path once.
    known : mapping of path to KnownTrack
        Those that the walk would have found, were they there.
    failures : mapping of path to KnownFailure
        Likewise.
    criteria : Criteria
    """
    result = Differences()
    found_paths: set[bytes] = set()
    is_stale, is_misread = criteria.is_stale, criteria.is_misread
    for file in found:
        path = file.path
        found_paths.add(path)
        track = known.get(path)
        failure = failures.get(path)
        if (  # nearly every file of a library that is scanned again
            track is not None
            and failure is None
            and track.mtime_ns == file.mtime_ns
            and track.size == file.size
            and track.missing_since is None
            and not (is_stale(track) or is_misread(track))
        ):
            result.unchanged += 1
        elif failure and _still_fails(file, track, failure, criteria):
            result.left_alone.append(file)
        else:
            _sort_file(file, track, criteria, result)
            if failure and track and not _is_to_be_read(file, track, criteria):
                result.vanished_failures.append(path)
    result.vanished_failures += [path for path in failures if path not in found_paths]
    for path, track in known.items():
        if path not in found_paths:
            was_there = track.missing_since is None
            (result.missing if was_there else result.still_missing).append(track)
    return result


def _has_stamp(file: FoundFile, other: KnownTrack | KnownFailure) -> bool:
    return file.size == other.size and file.mtime_ns == other.mtime_ns


def _still_fails(
    file: FoundFile,
    track: KnownTrack | None,
    failure: KnownFailure,
    criteria: Criteria,
) -> bool:
    if criteria.retry_failed or failure.stage == NO_ACCESS:
        return False
    if not _has_stamp(file, failure):
        return False
    # It may be again what it was when it was good.
    return track is None or _is_to_be_read(file, track, criteria)


def _is_to_be_read(file: FoundFile, track: KnownTrack, criteria: Criteria) -> bool:
    return not _has_stamp(file, track) or criteria.is_due(track)


def _sort_file(
    file: FoundFile, track: KnownTrack | None, criteria: Criteria, result: Differences
) -> None:
    changed = track is None or not _has_stamp(file, track)
    if track is not None and not changed and track.missing_since is not None:
        result.returned.append(track)
    if track is not None and not _is_to_be_read(file, track, criteria):
        result.unchanged += track.missing_since is None
    elif criteria.since_ns is not None and file.mtime_ns < criteria.since_ns:
        result.too_old += 1
    elif track is None:
        result.new.append(file)
    elif changed:
        result.changed.append(file)
        result.changed_tracks.append(track)
    elif criteria.is_stale(track):
        result.stale.append(file)
    else:
        result.misread.append(file)
        result.known_payloads[file.path] = track.payload_hash


def is_most_missing(missing: int, present: int) -> bool:
    """Say whether more than half of a root's tracks are missing at once."""
    return 2 * missing > present


class Move(NamedTuple):
    """A known track, and the file that it became."""

    track: KnownTrack
    to: FoundFile


def match_moves(
    new: Iterable[FoundFile],
    missing: Iterable[KnownTrack],
    known: Iterable[KnownTrack],
    found: Iterable[FoundFile],
) -> list[Move]:
    """Match new files with tracks that are not where they were, by their stamps.

    `mv` keeps a file's size and time to the nanosecond. Where the stamp of a missing
    track and of a new file with the same name is borne by no other known track and no
    other file, they are one; everything else is left to the payload's hash.

    Parameters
    ----------
    new : iterable of FoundFile
        Files at places that the catalog does not know.
    missing : iterable of KnownTrack
        Tracks that are not where they were.
    known, found : iterable
        Everything, of which `missing` and `new` are parts.
    """
    missing_by_stamp = {_stamp(track): track for track in missing}
    if not missing_by_stamp:
        return []
    known_counts = Counter(_stamp(track) for track in known)
    found_counts = Counter(_stamp(file) for file in found)
    moves = []
    for file in new:
        stamp = _stamp(file)
        track = missing_by_stamp.get(stamp)
        unique = known_counts[stamp] == 1 and found_counts[stamp] == 1
        if track is not None and unique and _name(track.path) == _name(file.path):
            moves.append(Move(track, file))
    return moves


def _stamp(item: KnownTrack | FoundFile) -> Stamp:
    return Stamp(item.size, item.mtime_ns)


def _stamp_at(path: bytes) -> Stamp:
    """Return the stamp of a folder, or of a link that leads nowhere; zeros of none."""
    try:
        status = os.lstat(path)
    except OSError:
        return Stamp(0, 0)
    return Stamp(status.st_size, status.st_mtime_ns)


def _name(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


class RootComparison(NamedTuple):
    """One root of a library, and how it differs from what the catalog knows of it.

    Attributes
    ----------
    path : bytes
    root_id : int
        0 where the catalog does not know the root yet.
    known : list of KnownTrack
        The tracks of the whole root, scanned or not.
    failures : dict of bytes to KnownFailure
        What failed in it before, by path.
    adopted : list of TrackMoved
        Tracks of roots inside this one, which belong to it from now on.
    differences : Differences
    """

    path: bytes
    root_id: int
    known: list[KnownTrack]
    failures: Mapping[bytes, KnownFailure]
    adopted: list[TrackMoved]
    differences: Differences

    def count_present(self) -> int:
        """Return how many tracks of the root were not missing so far."""
        return sum(track.missing_since is None for track in self.known)


class Comparison:
    """The files of a scan against the tracks that are known, root by root.

    Attributes
    ----------
    roots : list of RootComparison
    moves : list of Move
        Known tracks found at another place by their stamp alone.
    unreadable : list of (path, reason)
        Folders and files that the walk could not look into.
    count : int
        Files that were found.
    """

    def __init__(
        self,
        roots: list[RootComparison],
        unreadable: list[tuple[bytes, str]],
        count: int,
    ) -> None:
        self.roots = roots
        self.moves: list[Move] = []
        self.unreadable = unreadable
        self.count = count

    def files(self, *kinds: str) -> Iterator[tuple[str, RootComparison, FoundFile]]:
        """Yield the "new", "changed", "stale" or "misread" files, with their root."""
        moved = {(move.to.root, move.to.path) for move in self.moves}
        for root in self.roots:
            for kind in kinds:
                for file in getattr(root.differences, kind):
                    if kind != "new" or (file.root, file.path) not in moved:
                        yield kind, root, file

    def missing(self) -> Iterator[KnownTrack]:
        """Yield the tracks that are not where they were, now or since long."""
        for root in self.roots:
            yield from root.differences.missing
            yield from root.differences.still_missing

    def refuse_missing_roots(self) -> None:
        """Refuse to go on where most of a root is missing at once.

        Raises
        ------
        RootGoneError
        """
        moved = {move.track.id for move in self.moves}
        for root in self.roots:
            missing = sum(track.id not in moved for track in root.differences.missing)
            # Every new file might turn out to be one of them, by its payload.
            new = sum(1 for _, at, _ in self.files("new") if at is root)
            present = root.count_present()
            if missing and is_most_missing(missing - new, present):
                raise RootGoneError(readable(root.path), missing, present)

    def changes(
        self, root_ids: Mapping[bytes, int]
    ) -> Iterator[TrackMoved | TrackReturned]:
        """Yield the tracks that moved or came back, as far as no file need be read."""
        for root in self.roots:
            yield from root.adopted
        for root in self.roots:
            for track in root.differences.returned:
                yield TrackReturned(track.id)
        for track, file in self.moves:
            yield TrackMoved(track.id, root_ids[file.root], file.path, _stamp(file))

    def out_of_reach(
        self, root_ids: Mapping[bytes, int]
    ) -> Iterator[tuple[FileFailed, bool]]:
        """Yield what the walk could not look into, and whether that is on record."""
        for path, reason in self.unreadable:
            root = next(root for root in self.roots if is_inside(path, root.path))
            below = relative_path(path, root.path)
            stamp = _stamp_at(path)
            before = root.failures.get(below)
            known = before == KnownFailure(below, *stamp, NO_ACCESS, reason)
            failed = FileFailed(root_ids[root.path], below, stamp, NO_ACCESS, reason)
            yield failed, known


class MissingTracks:
    """Tracks that are not where they were, by payload: files at new places match them.

    Parameters
    ----------
    comparison : Comparison
    elsewhere : callable
        Yields the tracks of the roots that are not compared, with their root's path;
        called at most once, and only where it is needed.
    """

    def __init__(
        self,
        comparison: Comparison,
        elsewhere: Callable[[], Iterable[tuple[bytes, KnownTrack]]],
    ) -> None:
        self._matched = {move.track.id for move in comparison.moves}
        self._by_payload: dict[str, list[KnownTrack]] = {}
        for track in comparison.missing():
            self._by_payload.setdefault(track.payload_hash, []).append(track)
        self._payloads_before = {
            (root.root_id, track.path): track.payload_hash
            for root in comparison.roots
            for track in root.differences.changed_tracks
        }
        self._load_elsewhere = elsewhere
        self._elsewhere: dict[str, list[tuple[bytes, KnownTrack]]] | None = None

    def is_matched(self, track: KnownTrack) -> bool:
        """Say whether a missing track turned up at another place."""
        return track.id in self._matched

    def payload_before(self, root_id: int, path: bytes) -> str | None:
        """Return the payload hash that a changed file had before."""
        return self._payloads_before.get((root_id, path))

    def match(self, payload: str) -> KnownTrack | None:
        """Return a missing track with that audio, and count it as matched."""
        for track in self._by_payload.get(payload, []):
            if track.id not in self._matched:
                self._matched.add(track.id)
                return track
        for folder, track in self._tracks_elsewhere().get(payload, []):
            is_missing = is_gone(os.path.join(folder, track.path))
            if is_missing and track.id not in self._matched:
                self._matched.add(track.id)
                return track
        return None

    def _tracks_elsewhere(self) -> dict[str, list[tuple[bytes, KnownTrack]]]:
        if self._elsewhere is None:
            self._elsewhere = {}
            for folder, track in self._load_elsewhere():
                same = self._elsewhere.setdefault(track.payload_hash, [])
                same.append((folder, track))
        return self._elsewhere
