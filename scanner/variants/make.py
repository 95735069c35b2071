"""The variants that are missing after a scan: a sample of tracks, made and stored."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence

from catalog.audio_facts import Candidate, candidates, stored_variants
from catalog.database import Catalog, readable
from catalog.library import ensure_feature_set
from catalog.records import Stamp, TrackScanned
from scanner.exceptions import TempFullError
from scanner.features.definition import feature_set
from scanner.features.kernels import compile_once
from scanner.pool import WorkerPool
from scanner.progress import Progress
from scanner.settings import ScanSettings, TagRules
from scanner.summary import Summary
from scanner.variants.task import VariantTask, analyze_variant
from scanner.variants.transcode import DISK_STAGE, MAX_DURATION_S, require_encoders
from scanner.worker import Job, Outcome, private_folder

log = logging.getLogger(__name__)


class VariantMaker:
    """Encodes a sample of the catalog's tracks anew.

    Parameters
    ----------
    catalog : Catalog
    settings : ScanSettings
        ``variants``, ``sample`` and ``seed`` say what is wanted.
    progress : Progress
    tag_rules : TagRules
        By which the tags of the tracks are read.

    Raises
    ------
    EncoderMissingError
        ffmpeg cannot make one of the variants.
    """

    def __init__(
        self,
        catalog: Catalog,
        settings: ScanSettings,
        progress: Progress,
        tag_rules: TagRules,
    ) -> None:
        require_encoders(settings.variants)
        self._catalog = catalog
        self._settings = settings
        self._progress = progress
        self._tag_rules = tag_rules

    def make(
        self, summary: Summary, stop_at: float | None
    ) -> Generator[TrackScanned | None]:
        """Make what is wanted and not there yet; yield it, and None in between.

        Parameters
        ----------
        summary : Summary
            Counts what was made.
        stop_at : float or None
            On the monotonic clock: nothing is begun after.

        Raises
        ------
        TempFullError
            There is no room for temporary files.
        """
        with private_folder() as folder:
            tasks = self._missing_tasks(folder)
            if not tasks:
                return
            compile_once(self._progress.say)
            self._progress.begin(tasks)
            summary.left += len(tasks)
            job = Job.prepare(self._settings, folder, set(), analyze_variant)
            for outcome in WorkerPool(tasks, job, stop_at).outcomes():
                if outcome is None:
                    self._progress.tick()
                    yield None
                else:
                    yield self._take(outcome, tasks[outcome.number], summary)

    def _missing_tasks(self, folder: str) -> list[VariantTask]:
        """Return what is to be made, the longest tracks first."""
        settings = self._settings
        facts = feature_set(settings.window_s, settings.hop_s, settings.band_limit_hz)
        number = ensure_feature_set(self._catalog, facts)
        known = candidates(self._catalog, number)
        short = [one for one in known if one.duration_s <= MAX_DURATION_S]
        stored = stored_variants(self._catalog, number)
        wanted = [
            (one, variant)
            for one in choose_sample(short, settings.sample, seed=settings.seed)
            for variant in settings.variants
            if (one.payload_hash, variant) not in stored
        ]
        wanted.sort(key=lambda pair: -pair[0].duration_s)
        return [
            VariantTask(
                position,
                one.root_id,
                one.root,
                one.path,
                Stamp(one.size, one.mtime_ns),
                one.duration_s,
                variant,
                one.payload_hash,
                folder,
                rules=self._tag_rules.of_file(os.path.join(one.root, one.path)),
            )
            for position, (one, variant) in enumerate(wanted)
        ]

    def _take(
        self, outcome: Outcome, task: VariantTask, summary: Summary
    ) -> TrackScanned | None:
        summary.left -= 1
        change = outcome.change
        name = f"{readable(task.full_path)} as {task.variant}"
        note = f"{name} ({outcome.wall_s:.2f} s)"
        if isinstance(change, TrackScanned):
            summary.variants += 1
        elif change.stage == DISK_STAGE:
            raise TempFullError(task.folder)
        else:
            summary.failed.append((name, change.stage, change.reason))
            note = f"{name}: {change.stage}: {change.reason}"
        log.info("%s", note)
        self._progress.done(task, task.expected_s, note)
        return change if isinstance(change, TrackScanned) else None


def choose_sample(
    candidates: Sequence[Candidate], n: int, *, seed: int
) -> list[Candidate]:
    """Choose `n` tracks, labels in turn and within a label its albums in turn.

    Parameters
    ----------
    candidates : sequence of Candidate
    n : int
    seed : int

    Notes
    -----
    The order is drawn from hashes of the audio, not from positions: a library that has
    grown keeps most of its sample. Of tracks with the same audio, one is a candidate.
    """
    labels: dict[str, dict[str, list[Candidate]]] = defaultdict(
        lambda: defaultdict(list)
    )
    drawn = {one.payload_hash: one for one in candidates}
    for one in sorted(drawn.values(), key=lambda c: _draw(c.payload_hash, seed)):
        labels[one.label or ""][one.group_key].append(one)
    order = _interleave(
        [list(_interleave(list(albums.values()))) for albums in labels.values()]
    )
    return [one for one, _ in zip(order, range(n), strict=False)]


def _interleave(lists: list[list[Candidate]]) -> Iterator[Candidate]:
    """Yield the first of every list, then the second of every list, and so on."""
    for i in range(max(map(len, lists), default=0)):
        for items in lists:
            if i < len(items):
                yield items[i]


def _draw(payload_hash: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed} {payload_hash}".encode(), digest_size=8).digest()
