"""An estimate of the work of a scan: files, hours of audio, expected time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from catalog.database import Catalog
from catalog.exceptions import CatalogMissingError
from catalog.records import TrackScanned
from catalog.schema import open_catalog
from scanner.exceptions import FileError
from scanner.plan import (
    Durations,
    FileTask,
    KnownLibrary,
    Remaining,
    choose_scopes,
    compare_library,
    load_tag_rules,
    make_tasks,
)
from scanner.pool import WorkerPool
from scanner.progress import Progress
from scanner.settings import ScanSettings
from scanner.summary import format_duration
from scanner.tags.read import read_tags
from scanner.walk import walk_scopes
from scanner.worker import Job, private_folder

_HEADERS = 200  # files whose headers are read


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a scan would have to do.

    Attributes
    ----------
    found, unchanged : int
        Files that are there, and tracks that need nothing.
    files : int
        To be read.
    new, changed, stale, misread : int
        Of these: unknown; changed; without the features that are wanted; to have their
        tags read by other rules.
    audio_hours : float
        That they play, as the headers of some of them suggest.
    seconds : float
        That it would take, as one of them, read as a trial, suggests.
    catalog : str
    """

    found: int
    unchanged: int
    files: int
    new: int
    changed: int
    stale: int
    misread: int
    audio_hours: float
    seconds: float
    catalog: str

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON knows it."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield the lines for people."""
        yield (
            f"{self.files} of {self.found} files to read "
            f"({self.new} new, {self.changed} changed, {self.stale} without features"
            + (f", {self.misread} for their tags" if self.misread else "")
            + f"); {self.unchanged} tracks unchanged"
        )
        if self.files:
            yield (
                f"about {self.audio_hours:.1f} h of audio, "
                f"expected to take {format_duration(self.seconds)}"
            )
        yield f"nothing was changed; catalog: {self.catalog}"


def estimate(
    paths: Sequence[bytes], url: str, settings: ScanSettings, progress: Progress
) -> Estimate:
    """Say what a scan would have to do, without changing anything."""
    try:
        with open_catalog(url, mode="read") as catalog:
            return _estimate(paths, catalog, catalog.name, settings, progress)
    except CatalogMissingError:
        return _estimate(paths, None, url, settings, progress)


def _estimate(
    paths: Sequence[bytes],
    catalog: Catalog | None,
    name: str,
    settings: ScanSettings,
    progress: Progress,
) -> Estimate:
    scopes = choose_scopes(paths, catalog)
    tag_rules = load_tag_rules(catalog, scopes, settings)
    found = walk_scopes(scopes, progress.found)
    known = KnownLibrary(catalog, settings, tag_rules)
    comparison = compare_library(scopes, found, known)
    all_tasks = make_tasks(comparison, {}, tag_rules)
    tasks = [task for task in all_tasks if task.kind != "misread"]
    kinds = Counter(task.kind for task in all_tasks)
    audio_s = _audio_s(tasks)
    return Estimate(
        found=comparison.count,
        unchanged=sum(root.differences.unchanged for root in comparison.roots),
        files=len(all_tasks),
        new=kinds["new"],
        changed=kinds["changed"],
        stale=kinds["stale"],
        misread=kinds["misread"],
        audio_hours=round(audio_s / 3600, 3),
        seconds=round(_seconds(tasks, audio_s, settings), 1),
        catalog=name,
    )


def _audio_s(tasks: Sequence[FileTask]) -> float:
    """Return how long the files play; the headers of some speak for the rest."""
    remaining = Remaining(Durations())
    for task in tasks:
        remaining.add(task.path, task.stamp.size)
    known = 0.0
    for task in tasks[:: max(1, len(tasks) // _HEADERS)]:
        try:
            _, stream = read_tags(task.full_path)
        except FileError:
            continue
        if stream.duration_s:
            remaining.done(task.path, task.stamp.size, stream.duration_s)
            known += stream.duration_s
    return known + remaining.seconds


def _seconds(
    tasks: Sequence[FileTask], audio_s: float, settings: ScanSettings
) -> float:
    """Return how long reading takes; a file of middling length is read as a trial."""
    if not tasks:
        return 0.0
    trial = replace(tasks[len(tasks) // 2], number=0)
    start = time.perf_counter()
    with private_folder() as folder:
        job = Job.prepare(settings._replace(jobs=1), folder, set())
        for outcome in WorkerPool([trial], job).outcomes():
            if outcome is None:
                continue
            change = outcome.change
            if isinstance(change, TrackScanned) and change.analysis is not None:
                spent = sum(cost.wall_s for cost in change.analysis.costs)
                begun = time.perf_counter() - start - spent
                rate = spent / change.analysis.duration_s
                return begun + rate * audio_s / min(settings.jobs, len(tasks))
            return outcome.wall_s * len(tasks) / settings.jobs
    return 0.0
