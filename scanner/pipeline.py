"""One scan, from the paths that were given to a catalog that is up to date."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress

from catalog import library
from catalog.database import Catalog, readable
from catalog.exceptions import CatalogError, NotFiniteError
from catalog.library import Outcome as Ending
from catalog.records import (
    Change,
    FileFailed,
    TrackMissing,
    TrackMoved,
    TrackScanned,
)
from catalog.schema import open_catalog
from scanner.compare import Comparison, MissingTracks, is_most_missing
from scanner.exceptions import RootGoneError, RootLostError, ScannerError
from scanner.plan import (
    FileTask,
    KnownLibrary,
    choose_scopes,
    compare_library,
    load_tag_rules,
    make_tasks,
)
from scanner.progress import Progress
from scanner.settings import TAG_RULES_OPTION, ScanSettings, TagRules
from scanner.signals import Interrupts
from scanner.summary import EnergyMeter, Summary
from scanner.walk import outermost_roots, walk_scopes

log = logging.getLogger(__name__)


def scan(
    paths: Sequence[bytes], url: str, settings: ScanSettings, progress: Progress
) -> Summary:
    """Bring the catalog up to date with the files.

    Parameters
    ----------
    paths : sequence of bytes
        Folders and files; empty: every root that the catalog knows.
    url : str
        The catalog's.
    settings : ScanSettings
    progress : Progress

    Raises
    ------
    ScannerError, CatalogError
        Nothing of what was committed before is lost.
    """
    start = time.monotonic()
    with (
        Interrupts() as interrupts,
        open_catalog(url, say=progress.say) as catalog,
        catalog.scan_lock(settings.wait_s),
    ):
        scopes = choose_scopes(paths, catalog)
        tag_rules = load_tag_rules(catalog, scopes, settings)
        options = settings._asdict() | {
            "paths": [readable(scope.path) for scope in scopes],
            TAG_RULES_OPTION: tag_rules.as_json(),
        }
        run = _Run(catalog, settings, progress, interrupts, start)
        with run.logged(options):
            make_variants = _load_variant_maker(run, tag_rules)
            root_ids = {
                scope.root: library.ensure_root(catalog, scope.root).id
                for scope in scopes
            }
            found = walk_scopes(scopes, progress.found)
            known = KnownLibrary(catalog, settings, tag_rules)
            comparison = compare_library(scopes, found, known)
            if not settings.accept_missing:
                comparison.refuse_missing_roots()
            tasks = make_tasks(comparison, root_ids, tag_rules)
            missing = MissingTracks(
                comparison, lambda: known.tracks_elsewhere(root_ids)
            )
            run.store_comparison(comparison, root_ids)
            gc.freeze()  # a hundred thousand known tracks are no garbage
            gc.enable()
            run.analyze_files(tasks, known, missing)
            run.store_missing(comparison, missing)
            remove_vanished(catalog, comparison)
            run.regroup()
            make_variants()
            interrupts.too_late()
        catalog.check_place()
        return run.summary


class _Run:
    """One scan under way: what it counts, and what it stores."""

    def __init__(
        self,
        catalog: Catalog,
        settings: ScanSettings,
        progress: Progress,
        interrupts: Interrupts,
        start: float,
    ) -> None:
        self.summary = Summary(catalog.name)
        self.writer = BatchWriter(catalog, interrupts)
        self.catalog = catalog
        self.settings = settings
        self.progress = progress
        self.stop_at = None if settings.limit_s is None else start + settings.limit_s
        self._start = start
        self._energy = EnergyMeter()

    @contextmanager
    def logged(self, options: Mapping[str, object]) -> Iterator[None]:
        """Log the scan in the catalog, however it ends; Ctrl-C is taken for an end."""
        number = library.begin_scan(self.catalog, options)
        ending: Ending = "stopped"
        try:
            yield
            ending = "done"
        except KeyboardInterrupt:
            self.summary.interrupted = True
            with suppress(KeyboardInterrupt):  # put off until this was stored
                self.writer.flush()
            ending = "interrupted"
        except ScannerError:
            self.writer.flush()
            raise
        finally:
            self.progress.close()
            self.summary.wall_s = time.monotonic() - self._start
            self.summary.energy_j = self._energy.joules()
            with suppress(CatalogError):  # a full disk has been reported
                counts = self.summary.counts()
                library.end_scan(self.catalog, number, ending, counts)

    def store_comparison(
        self, comparison: Comparison, root_ids: Mapping[bytes, int]
    ) -> None:
        """Count and store what the comparison alone shows."""
        summary = self.summary
        roots = {root_id: path for path, root_id in root_ids.items()}
        for root in comparison.roots:
            part = root.differences
            summary.unchanged += part.unchanged
            summary.left_alone += len(part.left_alone)
            summary.too_old += part.too_old
            summary.returned += len(part.returned)
        summary.moved += len(comparison.moves)
        summary.found = comparison.count
        self.writer.add(*comparison.changes(root_ids))
        for failed, is_known in comparison.out_of_reach(root_ids):
            path = os.path.join(roots[failed.root_id], failed.path).rstrip(b"/")
            summary.failed.append((readable(path), failed.stage, failed.reason))
            if not is_known:
                self.writer.add(failed)
        self.writer.flush()

    def analyze_files(
        self, tasks: Sequence[FileTask], known: KnownLibrary, missing: MissingTracks
    ) -> None:
        """Have every file read in worker processes, and store what comes of it."""
        if not tasks:
            return
        # The one seam: up to here, neither what reads files nor what runs workers is
        # loaded, and a scan that finds nothing new ends without.
        from scanner.pool import analyze_files  # noqa: PLC0415

        self.progress.begin(tasks)
        self.summary.left = len(tasks)
        analyzed = known.analyzed_payloads()
        outcomes = analyze_files(
            tasks, self.settings, analyzed, self.stop_at, self.progress.say
        )
        with closing(outcomes):
            for outcome in outcomes:
                if outcome is None:
                    self.progress.tick()
                    _load_writers()  # while the workers load what they need, too
                else:
                    self.summary.left -= 1
                    task = tasks[outcome.number]
                    self._take(outcome.change, outcome.wall_s, task, missing)
                self.writer.flush_if_due()
                self._energy.update()

    def _take(
        self,
        change: TrackScanned | FileFailed,
        wall_s: float,
        task: FileTask,
        missing: MissingTracks,
    ) -> None:
        audio_s = None
        if isinstance(change, TrackScanned):
            audio_s = change.stream.duration_s if change.stream else None
            if change.analysis is not None:
                audio_s = change.analysis.duration_s
                self.summary.audio_s += audio_s
            self._take_track(change, task.kind, missing)
            result = task.kind
        else:
            self._take_failure(change, task)
            result = f"{change.stage}: {change.reason}"
        note = f"{readable(task.full_path)}: {result} ({wall_s:.2f} s)"
        log.info("%s", note)
        self.progress.done(task, audio_s, note)

    def _take_track(
        self, change: TrackScanned, kind: str, missing: MissingTracks
    ) -> None:
        self.writer.add(change)
        summary = self.summary
        if kind == "misread":
            summary.retagged += 1
            return
        summary.shared += change.analysis is None and not self.settings.tags_only
        if kind == "stale":
            summary.reanalysed += 1
        elif kind == "changed":
            before = missing.payload_before(change.root_id, change.path)
            if before == change.payload_hash:
                summary.tags_edited += 1
            else:
                summary.audio_changed += 1
        elif (track := missing.match(change.payload_hash)) is not None:
            move = TrackMoved(track.id, change.root_id, change.path, change.stamp)
            self.writer.add(move)
            summary.moved += 1
        else:
            summary.new += 1

    def _take_failure(self, change: FileFailed, task: FileTask) -> None:
        """Record a failure, unless the file's whole root has just gone away."""
        if not os.path.isdir(task.root):
            raise RootLostError(readable(task.root))
        self.writer.add(change)
        failure = (readable(task.full_path), change.stage, change.reason)
        self.summary.failed.append(failure)

    def store_missing(self, comparison: Comparison, missing: MissingTracks) -> None:
        """Mark the tracks missing that turned up nowhere.

        Raises
        ------
        RootGoneError
            Most of a root is missing at once.
        """
        for root in comparison.roots:
            tracks = [
                track
                for track in root.differences.missing
                if not missing.is_matched(track)
            ]
            present = root.count_present()
            if (
                tracks
                and not self.settings.accept_missing
                and is_most_missing(len(tracks), present)
            ):
                raise RootGoneError(readable(root.path), len(tracks), present)
            self.writer.add(*(TrackMissing(track.id) for track in tracks))
            self.summary.missing += len(tracks)
        self.writer.flush()

    def regroup(self) -> None:
        """Tell albums and groups anew if tracks came, went or changed."""
        if library.has_ungrouped_tracks(self.catalog):
            if library.is_large(self.catalog):
                self.progress.say("telling the albums of a large library ...")
            _, regroup = _load_writers()
            regroup(self.catalog)


def _load_variant_maker(run: _Run, tag_rules: TagRules) -> Callable[[], None]:
    """Return what makes and stores the variants that are wanted.

    Raises
    ------
    EncoderMissingError
        One cannot be made: before anything is done.
    """
    if not run.settings.variants:
        return lambda: None
    # Loads NumPy and what encodes: a scan without variants does not need them.
    from scanner.variants.make import VariantMaker  # noqa: PLC0415

    maker = VariantMaker(run.catalog, run.settings, run.progress, tag_rules)

    def make_variants() -> None:
        with closing(maker.make(run.summary, run.stop_at)) as made:
            for change in made:
                if change is not None:
                    run.writer.add(change)
                run.writer.flush_if_due()
        run.writer.flush()

    return make_variants


def remove_vanished(catalog: Catalog, comparison: Comparison) -> None:
    """Remove failures of files, and roots without a track, that are no more.

    Tracks are never removed: they are marked missing, and may come back.
    """
    for root in comparison.roots:
        vanished = root.differences.vanished_failures
        if vanished and os.path.isdir(root.path):
            library.delete_failures(catalog, root.root_id, vanished)
    known = library.roots(catalog)
    outer = set(outermost_roots(root.path for root in known))
    for one in known:
        if one.path not in outer or not os.path.isdir(one.path):
            library.delete_root(catalog, one.id)


_MAX_CHANGES = 128
_MAX_WAIT_S = 2.0


class BatchWriter:
    """Collects changes and stores them together.

    Parameters
    ----------
    catalog : Catalog
    interrupts : Interrupts
        Ctrl-C is put off while a batch is being stored.
    """

    def __init__(self, catalog: Catalog, interrupts: Interrupts) -> None:
        self._catalog = catalog
        self._interrupts = interrupts
        self._changes: list[Change] = []
        self._since = 0.0

    def add(self, *changes: Change) -> None:
        """Take changes in."""
        if changes and not self._changes:
            self._since = time.monotonic()
        self._changes += changes

    def flush_if_due(self) -> None:
        """Store what there is if it is much, or has waited long."""
        waited = time.monotonic() - self._since
        if len(self._changes) >= _MAX_CHANGES or waited > _MAX_WAIT_S:
            self.flush()

    def flush(self) -> None:
        """Store what there is.

        Raises
        ------
        CatalogError
            Nothing of the batch was stored.
        """
        if not self._changes:
            return
        changes, self._changes = self._changes, []
        store_batch, _ = _load_writers()
        with self._interrupts.held():
            try:
                store_batch(self._catalog, changes)
            except NotFiniteError:
                for change in changes:
                    self._store_alone(change)

    def _store_alone(self, change: Change) -> None:
        """Store one change; an analysis that is no number becomes a failure."""
        store_batch, _ = _load_writers()
        try:
            store_batch(self._catalog, [change])
        except NotFiniteError as error:
            if not isinstance(change, TrackScanned):
                raise
            failed = FileFailed(
                change.root_id, change.path, change.stamp, "features", str(error)
            )
            store_batch(self._catalog, [failed])


def _load_writers() -> tuple[
    Callable[[Catalog, Sequence[Change]], None], Callable[[Catalog], object]
]:
    """Return what stores a batch, and what tells the albums of the library."""
    # Loads SQLAlchemy: a scan that finds nothing new does without.
    from catalog import regroup, store_scan  # noqa: PLC0415

    return store_scan.store_batch, regroup.regroup
