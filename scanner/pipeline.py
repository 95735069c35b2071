"""One scan from the paths that were given to the catalog that is up to date."""

from __future__ import annotations

import gc
import logging
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from catalog import library as tracks
from catalog.exceptions import CatalogError, NotFiniteError
from catalog.library import begin_scan, end_scan
from catalog.records import TrackMoved, TrackScanned
from catalog.schema import open_catalog
from catalog.text import readable
from scanner.compare import LostTracks, found_again, too_much_gone
from scanner.exceptions import RootGoneError, RootLostError, ScannerError
from scanner.features.kernels import compile_once
from scanner.plan import (
    Surveyor,
    load_tag_rules,
    scopes_of,
    tasks_of,
    wanted_feature_set,
)
from scanner.pool import WorkerPool
from scanner.settings import TAG_RULES_OPTION
from scanner.signals import Interrupts
from scanner.summary import EnergyMeter, Summary
from scanner.walk import outermost
from scanner.worker import Job, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from catalog.database import Catalog
    from catalog.library import Outcome as Ending
    from catalog.records import Change, FileFailed
    from scanner.compare import LostTracks
    from scanner.plan import FileTask, Survey, Surveyor
    from scanner.progress import Progress
    from scanner.settings import ScanSettings, TagRules
    from scanner.variants.make import VariantMaker
    from scanner.walk import Scope
    from scanner.worker import Outcome


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
        open_catalog(url) as catalog,
        catalog.scan_lock(settings.wait_s),
    ):
        scopes = scopes_of(paths, catalog)
        tag_rules = load_tag_rules(catalog, scopes, settings)
        run = _Scan(catalog, settings, progress, interrupts, tag_rules)
        number = begin_scan(catalog, _logged(settings, scopes, tag_rules))
        ended: Ending = "stopped"
        try:
            maker = run.variant_maker() if settings.variants else None
            run.run(scopes, start)
            if maker is not None:
                maker.make(run.summary, run.stop_at(start))
            interrupts.too_late()
            ended = "done"
        except KeyboardInterrupt:
            run.summary.interrupted = True
            with suppress(KeyboardInterrupt):  # put off until this was stored
                run.batch.flush()
            ended = "interrupted"
        except ScannerError:
            run.batch.flush()
            raise
        finally:
            progress.close()
            run.spent(time.monotonic() - start)
            with suppress(CatalogError):  # a full disk is told of already
                end_scan(catalog, number, ended, run.summary.counts())
        return run.summary


def _logged(
    settings: ScanSettings, scopes: Sequence[Scope], tag_rules: TagRules
) -> dict[str, Any]:
    paths = [readable(scope.path) for scope in scopes]
    return settings._asdict() | {"paths": paths, TAG_RULES_OPTION: tag_rules.as_json()}


class _Scan:
    """The state of one scan."""

    def __init__(
        self,
        catalog: Catalog,
        settings: ScanSettings,
        progress: Progress,
        interrupts: Interrupts,
        tag_rules: TagRules,
    ) -> None:
        self.summary = Summary(catalog.name)
        self._tag_rules = tag_rules
        self._catalog = catalog
        self._settings = settings
        self._progress = progress
        self.batch = Batch(catalog, interrupts)
        self._energy = EnergyMeter()

    def run(self, scopes: Sequence[Scope], start: float) -> None:
        """Do everything."""
        root_ids = {
            scope.root: tracks.ensure_root(self._catalog, scope.root).id
            for scope in scopes
        }
        wanted = wanted_feature_set(self._catalog, self._settings)
        surveyor = Surveyor(self._catalog, self._settings, wanted, self._tag_rules)
        survey = surveyor.survey(scopes, self._progress.found)
        if not self._settings.accept_missing:
            survey.check()
        lost = LostTracks(survey, surveyor)
        self._settle(survey, root_ids)
        gc.freeze()  # a hundred thousand known tracks are no garbage
        gc.enable()
        if tasks := tasks_of(survey, root_ids, self._tag_rules):
            # Loads joblib: a scan with nothing to read does without.
            from scanner.pipeline import Reading  # noqa: PLC0415

            parts = (self._settings, self._progress, self.batch, self._energy)
            reading = Reading(self.summary, *parts)
            reading.read(tasks, surveyor, lost, self.stop_at(start))
        self._mark_missing(survey, lost)
        self.batch.flush()
        forget_what_is_gone(self._catalog, survey)
        for root_id in root_ids.values():
            if tracks.has_underived_album_artists(self._catalog, root_id):
                # Loads SQLAlchemy: a scan that finds nothing new does without.
                from catalog.album_artists import (  # noqa: PLC0415
                    derive_album_artists,
                )

                derive_album_artists(self._catalog, root_id)

    def variant_maker(self) -> VariantMaker:
        """Return what encodes tracks anew, or fail before anything is done."""
        # Loads joblib and NumPy: a scan without variants does not.
        from scanner.variants.make import VariantMaker  # noqa: PLC0415

        return VariantMaker(
            self._catalog, self._settings, self._progress, self.batch, self._tag_rules
        )

    def stop_at(self, start: float) -> float | None:
        """Return when to begin no more files, on the monotonic clock."""
        limit = self._settings.limit_s
        return None if limit is None else start + limit

    def spent(self, wall_s: float) -> None:
        """Note what the scan took."""
        self.summary.wall_s = wall_s
        self.summary.energy_j = self._energy.joules()

    def _settle(self, survey: Survey, root_ids: dict[bytes, int]) -> None:
        """Store what the survey alone shows."""
        summary = self.summary
        for root in survey.roots:
            part = root.differences
            summary.unchanged += part.unchanged
            summary.left_alone += len(part.left_alone)
            summary.too_old += part.too_old
            summary.returned += len(part.returned)
        self.batch.add(*found_again(survey, root_ids))
        summary.moved += len(survey.moves)
        summary.found = survey.count
        summary.unreadable = [
            (readable(path), reason) for path, reason in survey.unreadable
        ]
        self.batch.flush()

    def _mark_missing(self, survey: Survey, lost: LostTracks) -> None:
        for root in survey.roots:
            gone = [t for t in root.differences.gone if not lost.is_found(t)]
            if not gone:
                continue
            if not self._settings.accept_missing and too_much_gone(
                len(gone), root.present
            ):
                raise RootGoneError(readable(root.path), len(gone), root.present)
            from catalog.records import TrackMissing  # noqa: PLC0415 (rarely needed)

            self.batch.add(*(TrackMissing(track.id) for track in gone))
            self.summary.missing += len(gone)


log = logging.getLogger(__name__)


class Reading:
    """The part of a scan that reads files.

    Parameters
    ----------
    summary : Summary
        Counts what becomes of them.
    settings : ScanSettings
    progress : Progress
    batch : Batch
        Takes what is to be stored.
    energy : EnergyMeter
    """

    def __init__(
        self,
        summary: Summary,
        settings: ScanSettings,
        progress: Progress,
        batch: Batch,
        energy: EnergyMeter,
    ) -> None:
        self._summary = summary
        self._settings = settings
        self._progress = progress
        self._batch = batch
        self._energy = energy

    def read(
        self,
        tasks: list[tuple[str, FileTask]],
        surveyor: Surveyor,
        lost: LostTracks,
        stop_at: float | None,
    ) -> None:
        """Have every task done, and store what comes of it.

        Parameters
        ----------
        tasks : list of (kind, FileTask)
            Numbered by their places in it.
        surveyor : Surveyor
        lost : LostTracks
        stop_at : float or None
            On the monotonic clock: no task is begun after.
        """
        todo = [task for _, task in tasks]
        self._progress.begin(todo)
        self._summary.left = len(tasks)
        for outcome in self._outcomes(todo, surveyor, stop_at):
            if outcome is None:
                self._progress.tick()
                # Loads SQLAlchemy, while the workers are loading what they need, too.
                import catalog.store_scan  # noqa: F401, PLC0415
            else:
                self._summary.left -= 1
                self._take(outcome, *tasks[outcome.number], lost)
            self._batch.flush_if_due()
            self._energy.look()

    def _outcomes(
        self, tasks: list[FileTask], surveyor: Surveyor, stop_at: float | None
    ) -> Iterator[Outcome | None]:
        if not self._settings.tags_only:
            compile_once(self._progress.say)
        with private_folder() as folder:
            job = Job.prepare(self._settings, folder, surveyor.analysed())
            yield from WorkerPool(tasks, job, stop_at).outcomes()

    def _take(
        self, outcome: Outcome, kind: str, task: FileTask, lost: LostTracks
    ) -> None:
        change = outcome.change
        audio_s = None
        if isinstance(change, TrackScanned):
            audio_s = change.stream.duration_s
            if change.analysis is not None:
                audio_s = change.analysis.duration_s
                self._summary.audio_s += audio_s
            self._seen(change, kind, lost)
            word = kind
        else:
            self._failed(change, task)
            word = f"{change.stage}: {change.reason}"
        note = f"{readable(task.full_path)}: {word} ({outcome.wall_s:.2f} s)"
        log.info("%s", note)
        self._progress.done(task, audio_s, note)

    def _seen(self, change: TrackScanned, kind: str, lost: LostTracks) -> None:
        self._batch.add(change)
        summary = self._summary
        if kind == "misread":
            summary.retagged += 1
            return
        summary.shared += change.analysis is None and not self._settings.tags_only
        if kind == "stale":
            summary.reanalysed += 1
        elif kind == "changed":
            if lost.payload_at(change.root_id, change.path) == change.payload_hash:
                summary.tags_edited += 1
            else:
                summary.audio_changed += 1
        elif (track := lost.take(change.payload_hash)) is not None:
            move = TrackMoved(track.id, change.root_id, change.path, change.stamp)
            self._batch.add(move)
            summary.moved += 1
        else:
            summary.new += 1

    def _failed(self, change: FileFailed, task: FileTask) -> None:
        """Record a failure, unless the file or its whole root has just gone away."""
        if not os.path.isdir(task.root):
            raise RootLostError(readable(task.root))
        if change.stage == "identify" and not os.path.lexists(task.full_path):
            path = readable(task.full_path)
            self._summary.unreadable.append((path, "it went away during the scan"))
            return
        self._batch.add(change)
        self._summary.failed.append(
            (readable(task.full_path), change.stage, change.reason)
        )


_MOST = 128
_LONGEST_S = 2.0


class Batch:
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
        if self._changes and (len(self._changes) >= _MOST or waited > _LONGEST_S):
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
        with self._interrupts.held():
            # Loads SQLAlchemy: a scan that finds nothing new does without.
            from catalog.store_scan import store_batch  # noqa: PLC0415

            try:
                store_batch(self._catalog, changes)
            except NotFiniteError:
                for change in changes:
                    self._store_alone(change)

    def _store_alone(self, change: Change) -> None:
        """Store one change; an analysis that is no number becomes a failure."""
        from catalog.records import FileFailed, TrackScanned  # noqa: PLC0415 (rarely)
        from catalog.store_scan import store_batch  # noqa: PLC0415 (loads SQLAlchemy)

        try:
            store_batch(self._catalog, [change])
        except NotFiniteError as error:
            if not isinstance(change, TrackScanned):
                raise
            failed = FileFailed(
                change.root_id, change.path, change.stamp, "features", str(error)
            )
            store_batch(self._catalog, [failed])


def forget_what_is_gone(catalog: Catalog, survey: Survey) -> None:
    """Forget failures of files, and roots without a track, that are no more.

    Tracks are never forgotten: they are marked missing, and may come back.
    """
    for root in survey.roots:
        gone = root.differences.forgotten
        if gone and os.path.isdir(root.path):
            tracks.delete_failures(catalog, root.root_id, gone)
    known = tracks.roots(catalog)
    outer = set(outermost(root.path for root in known))
    for one in known:
        if one.path not in outer or not os.path.isdir(one.path):
            tracks.drop_root(catalog, one.id)
