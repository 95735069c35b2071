"""Walk the roots and lay what is there beside what the catalog knows."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from catalog import library as tracks
from catalog.exceptions import CatalogError
from catalog.library import last_options
from catalog.records import FileFailed, Stamp
from catalog.text import readable
from scanner.compare import Differences, Rules, compare, recognise_moves, too_much_gone
from scanner.exceptions import NothingToScanError, PathMissingError, RootGoneError
from scanner.settings import ReadingRules, TagRules
from scanner.walk import is_inside, known_scopes, relative, resolve, walk_scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from catalog.database import Catalog
    from catalog.records import KnownTrack, Root, TrackMoved
    from scanner.compare import Move
    from scanner.settings import ScanSettings
    from scanner.walk import FoundFile, Scope


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
    rules: ReadingRules = field(default=ReadingRules(), kw_only=True)
    payload: str | None = field(default=None, kw_only=True)

    @property
    def full_path(self) -> bytes:
        """Absolute path."""
        return os.path.join(self.root, self.path)

    def failed(self, stage: str, reason: str) -> FileFailed:
        """Return the record of this file's failure."""
        return FileFailed(self.root_id, self.path, self.stamp, stage, reason)


class RootSurvey(NamedTuple):
    """What there is to do in one root.

    Attributes
    ----------
    path : bytes
    root_id : int
        0 where the catalog does not know the root yet.
    differences : Differences
    present : int
        How many tracks of the whole root are not missing so far.
    adopted : list of TrackMoved
        Tracks of roots inside this one, which belong to it from now on.
    """

    path: bytes
    root_id: int
    differences: Differences
    present: int
    adopted: list[TrackMoved]


class Survey:
    """What there is to do, root by root.

    Attributes
    ----------
    roots : list of RootSurvey
    moves : list of Move
        Known tracks found at another place by their stamp alone.
    unreadable : list of (path, reason)
        Folders and files that the walk could not look into.
    count : int
        Files that were found.
    """

    def __init__(
        self,
        roots: list[RootSurvey],
        unreadable: list[tuple[bytes, str]],
        count: int,
    ) -> None:
        self.roots = roots
        self.moves: list[Move] = []
        self.unreadable = unreadable
        self.count = count

    def found(self, *kinds: str) -> Iterator[tuple[str, RootSurvey, FoundFile]]:
        """Yield the "new", "changed", "stale" or "misread" files, with their root."""
        moved = {(move.to.root, move.to.path) for move in self.moves}
        for root in self.roots:
            for kind in kinds:
                for file in getattr(root.differences, kind):
                    if kind != "new" or (file.root, file.path) not in moved:
                        yield kind, root, file

    def check(self) -> None:
        """Refuse to go on where most of a root is gone at once.

        Raises
        ------
        RootGoneError
        """
        moved = {move.track.id for move in self.moves}
        for root in self.roots:
            gone = sum(track.id not in moved for track in root.differences.gone)
            # Every new file might turn out to be one of them, by its payload.
            new = sum(1 for kind, at, _ in self.found("new") if at is root)
            if gone and too_much_gone(gone - new, root.present):
                raise RootGoneError(readable(root.path), gone, root.present)


class Surveyor:
    """Makes the survey of a scan.

    Parameters
    ----------
    catalog : Catalog or None
        None: there is none yet, everything is new.
    settings : ScanSettings
    feature_set_id : int or None
        Of the features that are wanted; None where the catalog has none of them.
    tag_rules : TagRules
        By which rules tags are to be read.
    """

    def __init__(
        self,
        catalog: Catalog | None,
        settings: ScanSettings,
        feature_set_id: int | None,
        tag_rules: TagRules,
    ) -> None:
        self._catalog = catalog
        self._settings = settings
        self._feature_set_id = feature_set_id
        self.tag_rules = tag_rules
        self._read_by = tracks.tag_rules(catalog) if catalog and tag_rules else {}
        self._analysed: set[str] | None = None
        self._roots = tracks.roots(catalog) if catalog else []

    def survey(
        self, scopes: Sequence[Scope], on_found: Callable[[int], None]
    ) -> Survey:
        """Walk the scopes and compare.

        Parameters
        ----------
        scopes : sequence of Scope
            None inside another.
        on_found : callable
            Told from time to time how many files were found.
        """
        unreadable: list[tuple[bytes, str]] = []
        found = walk_scopes(scopes, unreadable, on_found)
        roots = list(dict.fromkeys(scope.root for scope in scopes))
        known: list[KnownTrack] = []
        surveys = []
        for path in roots:
            parts = [scope for scope in scopes if scope.root == path]
            mine = found.get(path, [])
            surveys.append(self._root(path, parts, mine, known))
            _excuse(surveys[-1], unreadable)
        result = Survey(surveys, unreadable, sum(map(len, found.values())))
        lost = [
            track
            for one in surveys
            for track in (*one.differences.gone, *one.differences.absent)
        ]
        # What was guessed from the old path must be guessed anew: that file is read.
        new = [
            file
            for _, _, file in result.found("new")
            if not self.tag_rules.of_file(
                os.path.join(file.root, file.path)
            ).guess_from_path
        ]
        if new:
            vanished = [t for _, t in self.elsewhere(roots, gone_roots=True)]
            everything = (file for files in found.values() for file in files)
            result.moves = recognise_moves(
                new, [*lost, *vanished], [*known, *vanished], everything
            )
        return result

    def analysed(self) -> set[str]:
        """Return the hashes of the payloads that have the features that are wanted."""
        if self._analysed is None:
            self._analysed = set()
            if self._catalog and self._feature_set_id is not None:
                self._analysed = tracks.analysed_payloads(
                    self._catalog, self._feature_set_id
                )
        return self._analysed

    def elsewhere(
        self, surveyed: Iterable[bytes], *, gone_roots: bool = False
    ) -> Iterator[tuple[Root, KnownTrack]]:
        """Yield the tracks of the roots that are not surveyed.

        Parameters
        ----------
        surveyed : iterable of bytes
            Paths of the roots that are.
        gone_roots : bool
            Only of those roots whose folder is no more.
        """
        covered = set(surveyed)
        for root in self._roots:
            if root.path in covered or (gone_roots and os.path.isdir(root.path)):
                continue
            if self._catalog is not None:
                for track in tracks.known_tracks(self._catalog, root.id):
                    yield root, track

    def _root(
        self,
        path: bytes,
        scopes: Sequence[Scope],
        found: list[FoundFile],
        known: list[KnownTrack],
    ) -> RootSurvey:
        """Compare one root; add its known tracks to `known`."""
        root = next((root for root in self._roots if root.path == path), None)
        own: list[KnownTrack] = []
        failures = {}
        if self._catalog is not None and root is not None:
            own = tracks.known_tracks(self._catalog, root.id)
            failures = tracks.known_failures(self._catalog, root.id)
        root_id = root.id if root else 0
        adopted = list(self._adopt(path))
        own += adopted
        known += own
        covered = {track.path: track for track in own}
        if all(scope.below for scope in scopes):  # parts of the root alone
            covered = {p: one for p, one in covered.items() if _is_covered(p, scopes)}
            failures = {p: one for p, one in failures.items() if _is_covered(p, scopes)}
        rules = Rules(
            self._is_stale,
            lambda track: self._is_misread(track, path),
            self._settings.retry_failed,
            self._settings.since_ns,
        )
        return RootSurvey(
            path,
            root_id,
            compare(found, covered, failures, rules),
            sum(track.missing_since is None for track in own),
            [_arrived(track, root_id) for track in adopted],
        )

    def _adopt(self, path: bytes) -> Iterator[KnownTrack]:
        """Yield the tracks of roots inside `path`, by their paths below it."""
        for root in self._roots:
            if root.path == path or not is_inside(root.path, path):
                continue
            prefix = relative(root.path, path)
            assert self._catalog is not None  # it knows the root
            for track in tracks.known_tracks(self._catalog, root.id):
                if track.missing_since is None:
                    yield track._replace(path=os.path.join(prefix, track.path))

    def _is_stale(self, track: KnownTrack) -> bool:
        if self._settings.tags_only:
            return False
        if self._feature_set_id is None:
            return True
        return (
            track.feature_set_id != self._feature_set_id
            and track.payload_hash not in self.analysed()
        )

    def _is_misread(self, track: KnownTrack, root: bytes) -> bool:
        if not self.tag_rules:
            return False
        rules = self.tag_rules.of_file(os.path.join(root, track.path))
        return self._read_by.get(track.id, "") != rules.as_text()


def _is_covered(path: bytes, scopes: Sequence[Scope]) -> bool:
    return any(scope.covers(path) for scope in scopes)


def _arrived(track: KnownTrack, root_id: int) -> TrackMoved:
    from catalog.records import Stamp, TrackMoved  # noqa: PLC0415 (a rare case)

    return TrackMoved(track.id, root_id, track.path, Stamp(track.size, track.mtime_ns))


def _excuse(root: RootSurvey, unreadable: Iterable[tuple[bytes, str]]) -> None:
    """Take what lies below an unreadable folder off the list of what is gone.

    Raises
    ------
    PathMissingError
        If the root itself is not there, and the catalog knows nothing of it.
    """
    if not os.path.lexists(root.path):
        if not root.present:
            raise PathMissingError(readable(root.path))
        return
    for path, _ in unreadable:
        if is_inside(path, root.path):
            hidden = relative(path, root.path)
            if not os.path.lexists(path):
                continue
            part = root.differences
            part.gone = [t for t in part.gone if not is_inside(t.path, hidden)]
            part.forgotten = [p for p in part.forgotten if not is_inside(p, hidden)]


def wanted_feature_set(catalog: Catalog, settings: ScanSettings) -> int | None:
    """Return the id of the feature set that is wanted, added where that is allowed."""
    if settings.tags_only:
        return None
    from scanner.features.definition import feature_set  # noqa: PLC0415

    try:
        return tracks.ensure_feature_set(
            catalog,
            feature_set(settings.window_s, settings.hop_s, settings.band_limit_hz),
        )
    except CatalogError:
        if catalog.mode == "read":
            return None
        raise


def load_tag_rules(
    catalog: Catalog | None, scopes: Sequence[Scope], settings: ScanSettings
) -> TagRules:
    """Return by which rules tags are to be read: as before, and as asked for now."""
    before = TagRules.from_options(last_options(catalog) if catalog else {})
    return before.changed_by(settings, (scope.path for scope in scopes))


def scopes_of(paths: Sequence[bytes], catalog: Catalog | None) -> list[Scope]:
    """Return what to look at.

    Raises
    ------
    NothingToScanError
        No path was given and no root is known.
    """
    known = tracks.roots(catalog) if catalog else []
    if paths:
        return resolve(paths, [root.path for root in known])
    alive = [root.path for root in known if catalog and _is_alive(catalog, root)]
    if not alive:
        raise NothingToScanError
    return known_scopes(alive)


def _is_alive(catalog: Catalog, root: Root) -> bool:
    """Say whether a root is more than history: all of it may have gone elsewhere."""
    return os.path.isdir(root.path) or any(
        track.missing_since is None for track in tracks.known_tracks(catalog, root.id)
    )


def tasks_of(
    survey: Survey, root_ids: dict[bytes, int], tag_rules: TagRules
) -> list[tuple[str, FileTask]]:
    """Return the kind and the task of every file to read, the longest first.

    A long file that began last would keep one core busy while the others idle.
    """
    found = list(survey.found("new", "changed", "stale", "misread"))
    if not found:
        return []

    durations = Durations()
    files = sorted(
        (
            (kind, durations.of(file.path, file.size), file, root)
            for kind, root, file in found
        ),
        key=lambda item: (-item[1], item[2].root, item[2].path),
    )
    return [
        (
            kind,
            FileTask(
                number,
                root_ids.get(file.root, 0),
                file.root,
                file.path,
                Stamp(file.size, file.mtime_ns),
                expected_s,
                rules=tag_rules.of_file(os.path.join(file.root, file.path)),
                payload=root.differences.payloads.get(file.path),
            ),
        )
        for number, (kind, expected_s, file, root) in enumerate(files)
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

    def of(self, path: bytes, size: int) -> float:
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
        return sum(self._durations.of(s, size) for s, size in self._bytes.items())


def _suffix(path: bytes) -> bytes:
    """Return the suffix of `path`; a bare suffix returns itself."""
    name = path.rpartition(b"/")[2]
    if name.startswith(b".") and name.count(b".") == 1:
        return name.lower()
    return os.path.splitext(name)[1].lower()
