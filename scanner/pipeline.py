"""One scan from the paths that were given to the catalog that is up to date."""

from __future__ import annotations

import gc
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from catalog import library as tracks
from catalog.database import open_catalog
from catalog.exceptions import CatalogError
from catalog.scans import begin_scan, end_scan
from catalog.text import readable
from scanner.agenda import book_of, scopes_of, tasks_of
from scanner.batch import Batch
from scanner.compare import too_much_gone
from scanner.energy import EnergyMeter
from scanner.exceptions import RootGoneError, ScannerError
from scanner.forget import forget_what_is_gone
from scanner.lost import LostTracks, found_again
from scanner.plan import Surveyor, wanted_feature_set
from scanner.signals import Interrupts
from scanner.summary import Summary
from scanner.tag_rules import BOOK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.database import Catalog
    from catalog.scans import Outcome as Ending
    from scanner.plan import Survey
    from scanner.progress import Progress
    from scanner.scopes import Scope
    from scanner.settings import ScanSettings
    from scanner.tag_rules import RuleBook
    from scanner.variants.make import VariantMaker


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
        book = book_of(catalog, scopes, settings)
        run = _Scan(catalog, settings, progress, interrupts, book)
        number = begin_scan(catalog, _logged(settings, scopes, book))
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
    settings: ScanSettings, scopes: Sequence[Scope], book: RuleBook
) -> dict[str, Any]:
    paths = [readable(scope.path) for scope in scopes]
    return settings._asdict() | {"paths": paths, BOOK: book.as_json()}


class _Scan:
    """The state of one scan."""

    def __init__(
        self,
        catalog: Catalog,
        settings: ScanSettings,
        progress: Progress,
        interrupts: Interrupts,
        book: RuleBook,
    ) -> None:
        self.summary = Summary(catalog.name)
        self._book = book
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
        surveyor = Surveyor(self._catalog, self._settings, wanted, self._book)
        survey = surveyor.survey(scopes, self._progress.found)
        if not self._settings.accept_missing:
            survey.check()
        lost = LostTracks(survey, surveyor)
        self._settle(survey, root_ids)
        gc.freeze()  # a hundred thousand known tracks are no garbage
        gc.enable()
        if tasks := tasks_of(survey, root_ids, self._book):
            # Loads joblib: a scan with nothing to read does without.
            from scanner.reading import Reading  # noqa: PLC0415

            parts = (self._settings, self._progress, self.batch, self._energy)
            reading = Reading(self.summary, *parts)
            reading.read(tasks, surveyor, lost, self.stop_at(start))
        self._mark_missing(survey, lost)
        self.batch.flush()
        forget_what_is_gone(self._catalog, survey)
        for root_id in root_ids.values():
            tracks.derive_albumartists(self._catalog, root_id)

    def variant_maker(self) -> VariantMaker:
        """Return what encodes tracks anew, or fail before anything is done."""
        # Loads joblib and NumPy: a scan without variants does not.
        from scanner.variants.make import VariantMaker  # noqa: PLC0415

        return VariantMaker(
            self._catalog, self._settings, self._progress, self.batch, self._book
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
