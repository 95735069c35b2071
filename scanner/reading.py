"""Have files read by workers, and take in what comes of it."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from catalog.library import prepare_to_apply
from catalog.records import TrackMoved, TrackSeen
from catalog.text import readable
from scanner.exceptions import RootLostError
from scanner.pool import Supervisor
from scanner.worker import Job
from scanner.workers.first_time import compile_once
from scanner.workers.scratch import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.records import FileFailed
    from scanner.analyze import FileTask
    from scanner.batch import Batch
    from scanner.energy import EnergyMeter
    from scanner.lost import LostTracks
    from scanner.plan import Surveyor
    from scanner.progress import Progress
    from scanner.settings import ScanSettings
    from scanner.summary import Summary
    from scanner.worker import Outcome

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
                prepare_to_apply()  # the workers are loading what they need, too
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
            yield from Supervisor(tasks, job, stop_at).outcomes()

    def _take(
        self, outcome: Outcome, kind: str, task: FileTask, lost: LostTracks
    ) -> None:
        change = outcome.change
        audio_s = None
        if isinstance(change, TrackSeen):
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

    def _seen(self, change: TrackSeen, kind: str, lost: LostTracks) -> None:
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
