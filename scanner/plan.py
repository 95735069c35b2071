"""The files that a scan reads, and why; how long they will play."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from catalog import library
from catalog.database import Catalog, readable
from catalog.exceptions import CatalogError
from catalog.records import FileFailed, KnownFailure, KnownTrack, Stamp, TrackMoved
from scanner.compare import (
    Comparison,
    Criteria,
    RootComparison,
    compare,
    match_moves,
)
from scanner.exceptions import NothingToScanError, PathMissingError
from scanner.features.definition import feature_set
from scanner.settings import ReadingRules, ScanSettings, TagRules
from scanner.walk import (
    Found,
    Scope,
    is_gone,
    is_inside,
    outermost_roots,
    relative_path,
    resolve_scopes,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileTask:
    """One file that needs looking at.

    Attributes
    ----------
    number : int
        Position in the plan: names the task among processes.
    root_id : int
    root : bytes
        Absolute path of the root.
    path : bytes
        Path below the root.
    stamp : Stamp
        As the walk saw it.
    expected_s : float
        Estimated duration of the audio, in seconds.
    kind : str
        Why it is read: it is "new", "changed", "stale" or "misread" (see
        `scanner.compare.Differences`).
    rules : ReadingRules
        How to read its tags.
    payload : str or None
        The hash of its audio, where the catalog knows it for this very stamp: then
        the tags alone are read.
    """

    number: int
    root_id: int
    root: bytes
    path: bytes
    stamp: Stamp
    expected_s: float
    kind: str = field(default="new", kw_only=True)
    rules: ReadingRules = field(default=ReadingRules(), kw_only=True)
    payload: str | None = field(default=None, kw_only=True)

    @property
    def full_path(self) -> bytes:
        """Absolute path."""
        return os.path.join(self.root, self.path)

    def failed(self, stage: str, reason: str) -> FileFailed:
        """Return the record of this file's failure."""
        return FileFailed(self.root_id, self.path, self.stamp, stage, reason)


class KnownLibrary:
    """What the catalog knows of a library, as far as a scan asks.

    Parameters
    ----------
    catalog : Catalog or None
        None: there is none yet, everything is new.
    settings : ScanSettings
    tag_rules : TagRules
        By which tags are to be read.
    """

    def __init__(
        self, catalog: Catalog | None, settings: ScanSettings, tag_rules: TagRules
    ) -> None:
        self._catalog = catalog
        self._settings = settings
        self.tag_rules = tag_rules
        self._feature_set_id = wanted_feature_set(catalog, settings)
        self._rules_of = library.tag_rules(catalog) if catalog and tag_rules else {}
        self._analyzed: set[str] | None = None
        self._roots = library.roots(catalog) if catalog else []

    def root_id(self, path: bytes) -> int:
        """Return the id of the root at `path`; 0 where it is not known."""
        return next((root.id for root in self._roots if root.path == path), 0)

    def tracks(self, root_id: int) -> list[KnownTrack]:
        """Return the tracks of a root."""
        return library.known_tracks(self._catalog, root_id) if self._catalog else []

    def failures(self, root_id: int) -> dict[bytes, KnownFailure]:
        """Return the failures on record under a root, by path."""
        return library.known_failures(self._catalog, root_id) if self._catalog else {}

    def tracks_of_inner_roots(self, path: bytes) -> Iterator[KnownTrack]:
        """Yield the tracks of roots inside `path`, by their paths below it."""
        for root in self._roots:
            if root.path == path or not is_inside(root.path, path):
                continue
            prefix = relative_path(root.path, path)
            for track in self.tracks(root.id):
                if track.missing_since is None:
                    yield track._replace(path=os.path.join(prefix, track.path))

    def tracks_elsewhere(
        self, compared: Iterable[bytes], *, of_vanished_roots: bool = False
    ) -> Iterator[tuple[bytes, KnownTrack]]:
        """Yield the tracks of the roots that are not compared, with the root's path.

        Parameters
        ----------
        compared : iterable of bytes
            Paths of the roots that are.
        of_vanished_roots : bool
            Only of those roots whose folder is no more.
        """
        left_out = set(compared)
        for root in self._roots:
            if root.path in left_out or (
                of_vanished_roots and os.path.isdir(root.path)
            ):
                continue
            for track in self.tracks(root.id):
                yield root.path, track

    def analyzed_payloads(self) -> set[str]:
        """Return the hashes of the payloads that have the features that are wanted."""
        if self._analyzed is None:
            self._analyzed = set()
            if self._catalog and self._feature_set_id is not None:
                self._analyzed = library.analysed_payloads(
                    self._catalog, self._feature_set_id
                )
        return self._analyzed

    def criteria(self, root: bytes) -> Criteria:
        """Return what makes a known file of a root worth another look."""
        return Criteria(
            self._is_stale,
            lambda track: self._is_misread(track, root),
            self._settings.retry_failed,
            self._settings.since_ns,
        )

    def _is_stale(self, track: KnownTrack) -> bool:
        if self._settings.tags_only:
            return False
        if self._feature_set_id is None:
            return True
        return (
            track.feature_set_id != self._feature_set_id
            and track.payload_hash not in self.analyzed_payloads()
        )

    def _is_misread(self, track: KnownTrack, root: bytes) -> bool:
        if not self.tag_rules:
            return False
        rules = self.tag_rules.of_file(os.path.join(root, track.path))
        return self._rules_of.get(track.id, "") != rules.as_text()


def wanted_feature_set(catalog: Catalog | None, settings: ScanSettings) -> int | None:
    """Return the id of the feature set that is wanted, added where that is allowed.

    None where the catalog has none of its features, or none are wanted.
    """
    if catalog is None or settings.tags_only:
        return None
    wanted = feature_set(settings.window_s, settings.hop_s, settings.band_limit_hz)
    try:
        return library.ensure_feature_set(catalog, wanted)
    except CatalogError:
        if catalog.mode == "read":
            return None
        raise


def load_tag_rules(
    catalog: Catalog | None, scopes: Sequence[Scope], settings: ScanSettings
) -> TagRules:
    """Return by which rules tags are to be read: as before, and as asked for now."""
    before = TagRules.from_options(library.last_options(catalog) if catalog else {})
    return before.changed_by(settings, (scope.path for scope in scopes))


def choose_scopes(paths: Sequence[bytes], catalog: Catalog | None) -> list[Scope]:
    """Return what to look at: the paths, or every root that has tracks.

    Raises
    ------
    NothingToScanError
        No path was given and no root is known.
    """
    known = library.roots(catalog) if catalog else []
    if paths:
        return resolve_scopes(paths, [root.path for root in known])
    # A root whose folder is gone is mere history where all of it has gone elsewhere.
    alive = [
        root.path
        for root in known
        if os.path.isdir(root.path)
        or any(
            track.missing_since is None
            for track in (library.known_tracks(catalog, root.id) if catalog else ())
        )
    ]
    if not alive:
        raise NothingToScanError
    return [Scope(root) for root in outermost_roots(alive)]


def compare_library(
    scopes: Sequence[Scope], found: Found, known: KnownLibrary
) -> Comparison:
    """Compare the files that were found with what the catalog knows.

    Raises
    ------
    PathMissingError
        A root is not there, and the catalog knows nothing of it.
    """
    roots = []
    for path in found.files:
        parts = [scope for scope in scopes if scope.root == path]
        root = _compare_root(path, parts, found, known)
        _spare_unreadable(root, found.unreadable)
        roots.append(root)
    result = Comparison(roots, found.unreadable, found.total)
    # What was guessed from the old path must be guessed anew: that file is read.
    rules = known.tag_rules
    new = [
        file
        for _, _, file in result.files("new")
        if not rules.of_file(os.path.join(file.root, file.path)).guess_from_path
    ]
    if new:
        elsewhere = known.tracks_elsewhere(found.files, of_vanished_roots=True)
        vanished = [track for _, track in elsewhere]
        every_track = [track for root in roots for track in root.known] + vanished
        every_file = (file for files in found.files.values() for file in files)
        missing = [*result.missing(), *vanished]
        result.moves = match_moves(new, missing, every_track, every_file)
    return result


def _compare_root(
    path: bytes, scopes: Sequence[Scope], found: Found, known: KnownLibrary
) -> RootComparison:
    root_id = known.root_id(path)
    adopted = list(known.tracks_of_inner_roots(path))
    tracks = known.tracks(root_id) + adopted
    failures = known.failures(root_id)
    covered = {track.path: track for track in tracks}
    if all(scope.below for scope in scopes):  # parts of the root alone
        covered = _only_covered(covered, scopes)
        failures = _only_covered(failures, scopes)
    return RootComparison(
        path,
        root_id,
        tracks,
        failures,
        [
            TrackMoved(track.id, root_id, track.path, Stamp(track.size, track.mtime_ns))
            for track in adopted
        ],
        compare(found.files[path], covered, failures, known.criteria(path)),
    )


def _only_covered(by_path: dict[bytes, T], scopes: Sequence[Scope]) -> dict[bytes, T]:
    return {
        path: value
        for path, value in by_path.items()
        if any(scope.covers(path) for scope in scopes)
    }


def _spare_unreadable(
    root: RootComparison, unreadable: Iterable[tuple[bytes, str]]
) -> None:
    """Take what lies below an unreadable folder off the list of what is missing.

    Raises
    ------
    PathMissingError
        If the root itself is not there, and the catalog knows nothing of it.
    """
    if is_gone(root.path):
        if not root.count_present():
            raise PathMissingError(readable(root.path))
        return
    part = root.differences
    for path, _ in unreadable:
        if not is_inside(path, root.path) or is_gone(path):
            continue
        hidden = relative_path(path, root.path)
        part.missing = [t for t in part.missing if not is_inside(t.path, hidden)]
        part.vanished_failures = [
            failed for failed in part.vanished_failures if not is_inside(failed, hidden)
        ]


def make_tasks(
    comparison: Comparison, root_ids: Mapping[bytes, int], tag_rules: TagRules
) -> list[FileTask]:
    """Return a task for every file to read, the longest first, numbered in order.

    A long file that began last would keep one core busy while the others idle.
    """
    durations = Durations()
    files = sorted(
        (
            (durations.estimate(file.path, file.size), kind, root.differences, file)
            for kind, root, file in comparison.files(
                "new", "changed", "stale", "misread"
            )
        ),
        key=lambda item: (-item[0], item[3].root, item[3].path),
    )
    return [
        FileTask(
            number,
            root_ids.get(file.root, 0),
            file.root,
            file.path,
            Stamp(file.size, file.mtime_ns),
            expected_s,
            kind=kind,
            rules=tag_rules.of_file(os.path.join(file.root, file.path)),
            payload=differences.known_payloads.get(file.path),
        )
        for number, (expected_s, kind, differences, file) in enumerate(files)
    ]


_BYTES_PER_S = {  # usual ones; replaced by what the library itself shows
    b".mp3": 24e3,
    b".ogg": 20e3,
    b".opus": 14e3,
    b".m4a": 26e3,
    b".flac": 105e3,
    b".ape": 95e3,
    b".wv": 100e3,
    b".wav": 176e3,
    b".aif": 176e3,
    b".aiff": 176e3,
    b".dsf": 705e3,
}
_OTHERS = 24e3
_WEIGHT_S = 60.0  # how many seconds of audio the usual figure counts for


class Durations:
    """Seconds of audio by suffix and size."""

    def __init__(self) -> None:
        self._bytes: defaultdict[bytes, float] = defaultdict(float)
        self._seconds: defaultdict[bytes, float] = defaultdict(float)

    def estimate(self, path: bytes, size: int) -> float:
        """Return the estimated duration of a file, in seconds."""
        return size / self._rate(_suffix(path))

    def learn(self, path: bytes, size: int, duration_s: float) -> None:
        """Take the true duration of one file into account."""
        suffix = _suffix(path)
        self._bytes[suffix] += size
        self._seconds[suffix] += duration_s

    def _rate(self, suffix: bytes) -> float:
        usual = _BYTES_PER_S.get(suffix, _OTHERS)
        total = self._bytes[suffix] + usual * _WEIGHT_S
        return max(total / (self._seconds[suffix] + _WEIGHT_S), 1.0)


class Remaining:
    """How much audio is still to be done, as an estimate that gets better.

    Parameters
    ----------
    files : iterable of (path, size)
    """

    def __init__(self, durations: Durations) -> None:
        self._durations = durations
        self._bytes: defaultdict[bytes, int] = defaultdict(int)

    def add(self, path: bytes, size: int) -> None:
        """Count one file in."""
        self._bytes[_suffix(path)] += size

    def done(self, path: bytes, size: int, duration_s: float | None) -> None:
        """Take one file out; learn from its true duration where it is known."""
        self._bytes[_suffix(path)] -= size
        if duration_s:
            self._durations.learn(path, size, duration_s)

    @property
    def seconds(self) -> float:
        """Return the estimated seconds of audio that remain."""
        return sum(self._durations.estimate(s, size) for s, size in self._bytes.items())


def _suffix(path: bytes) -> bytes:
    """Return the suffix of `path`; a bare suffix returns itself."""
    name = path.rpartition(b"/")[2]
    if name.startswith(b".") and name.count(b".") == 1:
        return name.lower()
    return os.path.splitext(name)[1].lower()
