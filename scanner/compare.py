"""Compare what the walk found with what the catalog knows; pure, no I/O."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from scanner.exceptions import NO_ACCESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from catalog.records import KnownFailure, KnownTrack, TrackMoved, TrackReturned
    from scanner.plan import Survey, Surveyor
    from scanner.walk import FoundFile


class Rules(NamedTuple):
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


class Differences:
    """How one root differs from what the catalog knows of it.

    Attributes
    ----------
    new, changed, stale, misread : list of FoundFile
        Files to look at: unknown; known with another stamp; unchanged, but without
        features of today's feature set; only their tags to be read by other rules.
    payloads : dict
        Of the misread files: path to payload hash.
    before : list of KnownTrack
        What the catalog knows of the changed files.
    unchanged : int
    returned : list of KnownTrack
        Were missing, are back.
    left_alone : list of FoundFile
        Failed before and did not change since.
    too_old : int
        Not looked at because of ``since_ns``.
    gone : list of KnownTrack
        Known and present before, not found now.
    absent : list of KnownTrack
        Missing before, and still.
    forgotten : list of bytes
        Paths of files that failed before and are no more.
    present : int
        How many known tracks were not missing before.
    """

    def __init__(self) -> None:
        self.new: list[FoundFile] = []
        self.changed: list[FoundFile] = []
        self.stale: list[FoundFile] = []
        self.misread: list[FoundFile] = []
        self.payloads: dict[bytes, str] = {}
        self.before: list[KnownTrack] = []
        self.unchanged = 0
        self.returned: list[KnownTrack] = []
        self.left_alone: list[FoundFile] = []
        self.too_old = 0
        self.gone: list[KnownTrack] = []
        self.absent: list[KnownTrack] = []
        self.forgotten: list[bytes] = []
        self.present = 0


def compare(
    found: Iterable[FoundFile],
    known: Mapping[bytes, KnownTrack],
    failures: Mapping[bytes, KnownFailure],
    rules: Rules,
) -> Differences:
    """Sort every file of one root into what is to be done with it.

    Parameters
    ----------
    found : iterable of FoundFile
        Each path once.
    known : mapping of path to KnownTrack
        Those that the walk would have found, were they there.
    failures : mapping of path to KnownFailure
        Likewise.
    rules : Rules
    """
    result = Differences()
    seen: set[bytes] = set()
    is_stale, is_misread = rules.is_stale, rules.is_misread
    for file in found:
        path = file.path
        seen.add(path)
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
            continue
        if failure and _holds(failure, file, rules):
            failed = track is None or not _same(file, track) or _unfit(track, rules)
        else:
            failed = False
        if failed:
            result.left_alone.append(file)
        else:
            _place(file, track, rules, result)
    result.forgotten = [path for path in failures if path not in seen]
    for path, track in known.items():
        result.present += track.missing_since is None
        if path not in seen:
            (result.gone if track.missing_since is None else result.absent).append(
                track
            )
    return result


def _same(file: FoundFile, other: KnownTrack | KnownFailure) -> bool:
    return file.size == other.size and file.mtime_ns == other.mtime_ns


def _holds(failure: KnownFailure, file: FoundFile, rules: Rules) -> bool:
    again = rules.retry_failed or failure.stage == NO_ACCESS
    return not again and _same(file, failure)


def _unfit(track: KnownTrack, rules: Rules) -> bool:
    return rules.is_stale(track) or rules.is_misread(track)


def _place(
    file: FoundFile, track: KnownTrack | None, rules: Rules, result: Differences
) -> None:
    changed = track is None or not _same(file, track)
    if track is not None and not changed and track.missing_since is not None:
        result.returned.append(track)
    if track is not None and not changed and not _unfit(track, rules):
        result.unchanged += track.missing_since is None
    elif rules.since_ns is not None and file.mtime_ns < rules.since_ns:
        result.too_old += 1
    elif track is None:
        result.new.append(file)
    elif changed:
        result.changed.append(file)
        result.before.append(track)
    elif rules.is_stale(track):
        result.stale.append(file)
    else:
        result.misread.append(file)
        result.payloads[file.path] = track.payload_hash


class Move(NamedTuple):
    """A known track, and the file that it became."""

    track: KnownTrack
    to: FoundFile


def recognise_moves(
    new: Iterable[FoundFile],
    lost: Iterable[KnownTrack],
    known: Iterable[KnownTrack],
    found: Iterable[FoundFile],
) -> list[Move]:
    """Find the new files that are known tracks at another place, without reading them.

    `mv` keeps a file's size and time to the nanosecond. Where the stamp of a lost
    track and of a new file with the same name is borne by no other known track and no
    other file, they are one; everything else is left to the payload's hash.

    Parameters
    ----------
    new : iterable of FoundFile
        Files at places that the catalog does not know.
    lost : iterable of KnownTrack
        Tracks that are not where they were.
    known, found : iterable
        Everything, of which `lost` and `new` are parts.
    """
    gone = {_key(track): track for track in lost}
    if not gone:
        return []
    taken = Counter(_key(track) for track in known)
    there = Counter(_key(file) for file in found)
    moves = []
    for file in new:
        key = _key(file)
        track = gone.get(key)
        alone = taken[key] == 1 and there[key] == 1
        if track is not None and alone and _name(track.path) == _name(file.path):
            moves.append(Move(track, file))
    return moves


def _key(thing: KnownTrack | FoundFile) -> tuple[int, int]:
    return thing.size, thing.mtime_ns


def _name(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def too_much_gone(gone: int, present: int) -> bool:
    """Say whether more than half of a root's tracks are gone at once."""
    return 2 * gone > present


def found_again(
    survey: Survey, root_ids: Mapping[bytes, int]
) -> Iterator[TrackMoved | TrackReturned]:
    """Yield the tracks that moved or came back, as far as the survey alone shows."""
    back = [track for root in survey.roots for track in root.differences.returned]
    adopted = [change for root in survey.roots for change in root.adopted]
    if not (back or adopted or survey.moves):
        return
    from catalog.records import Stamp, TrackMoved, TrackReturned  # noqa: PLC0415

    yield from adopted
    for track in back:
        yield TrackReturned(track.id)
    for track, file in survey.moves:
        stamp = Stamp(file.size, file.mtime_ns)
        yield TrackMoved(track.id, root_ids[file.root], file.path, stamp)


class LostTracks:
    """Known tracks by payload, for matching with files at new places.

    Parameters
    ----------
    survey : Survey
    surveyor : Surveyor
    """

    def __init__(self, survey: Survey, surveyor: Surveyor) -> None:
        self._found = {move.track.id for move in survey.moves}
        self._by_payload: dict[str, list[KnownTrack]] = {}
        for root in survey.roots:
            for track in (*root.differences.gone, *root.differences.absent):
                self._add(track)
        self._changed = {
            (root.root_id, track.path): track.payload_hash
            for root in survey.roots
            for track in root.differences.before
        }
        self._surveyor = surveyor
        self._surveyed = [root.path for root in survey.roots]
        self._elsewhere: dict[str, list[tuple[bytes, KnownTrack]]] | None = None

    def is_found(self, track: KnownTrack) -> bool:
        """Say whether a lost track turned up at another place."""
        return track.id in self._found

    def payload_at(self, root_id: int, path: bytes) -> str | None:
        """Return the payload hash that a changed file had before."""
        return self._changed.get((root_id, path))

    def take(self, payload: str) -> KnownTrack | None:
        """Return a lost track with that audio, and count it as found."""
        for track in self._by_payload.get(payload, []):
            if track.id not in self._found:
                self._found.add(track.id)
                return track
        for folder, track in self._others().get(payload, []):
            gone = not os.path.lexists(os.path.join(folder, track.path))
            if gone and track.id not in self._found:
                self._found.add(track.id)
                return track
        return None

    def _add(self, track: KnownTrack) -> None:
        self._by_payload.setdefault(track.payload_hash, []).append(track)

    def _others(self) -> dict[str, list[tuple[bytes, KnownTrack]]]:
        """Return the tracks of the roots that were not surveyed."""
        if self._elsewhere is None:
            self._elsewhere = {}
            for root, track in self._surveyor.elsewhere(self._surveyed):
                place = (root.path, track)
                self._elsewhere.setdefault(track.payload_hash, []).append(place)
        return self._elsewhere
