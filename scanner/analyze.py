"""Everything that is done with one file: payload, tags, decoding, features."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from catalog.records import RULES, Analysis, StageCost, Stamp, TrackScanned
from scanner.audio.files import cause, regular_file
from scanner.exceptions import NO_ACCESS, FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.records import FileFailed, StreamFacts, TagFacts
    from scanner.plan import FileTask
    from scanner.settings import ScanSettings

_CHANGED = "it changed while it was read; the next scan tries it again"


def analyse(
    task: FileTask, settings: ScanSettings, wanted: Callable[[str], bool]
) -> TrackScanned | FileFailed:
    """Read one file; whatever is wrong with it comes back as a record.

    Parameters
    ----------
    task : FileTask
    settings : ScanSettings
    wanted : callable
        Given a payload hash, says whether its features are still to be extracted.
    """
    try:
        seen = _read_steadily(task, settings, wanted)
    except FileError as error:
        return task.failed(error.stage, error.reason)
    except OSError as error:
        stage = NO_ACCESS if isinstance(error, PermissionError) else "identify"
        return task.failed(stage, cause(error))
    except MemoryError:
        return task.failed("memory", "there was not enough memory")
    except Exception as error:  # noqa: BLE001 - one file must never stop a scan
        return task.failed("analysis", f"{type(error).__name__}: {error}")
    return seen


def _read_steadily(
    task: FileTask, settings: ScanSettings, wanted: Callable[[str], bool]
) -> TrackScanned:
    """Read the file; once more if it changed meanwhile."""
    for _ in range(2):
        before = _stamp(task.full_path)
        try:
            known = task.payload if before == task.stamp else None
            now = replace(task, stamp=before, payload=known)
            seen = _read(now, settings, wanted)
        except FileError:
            if _stamp(task.full_path) == before:
                raise
            continue
        if _stamp(task.full_path) == before:
            return seen
    raise FileError("identify", _CHANGED)


def _stamp(path: bytes) -> Stamp:
    with regular_file(path) as fd:
        status = os.fstat(fd)
    return Stamp(status.st_size, status.st_mtime_ns)


def _read(
    task: FileTask, settings: ScanSettings, wanted: Callable[[str], bool]
) -> TrackScanned:
    from scanner.audio.payload import payload_hash  # noqa: PLC0415

    costs = _Costs()
    with costs.of("payload"):
        payload = task.payload or payload_hash(task.full_path)
    with costs.of("tags"):
        tags, stream = _tags(task)
    analysis = None
    if task.payload is None and not settings.tags_only and wanted(payload):
        analysis = _extract(task.full_path, settings, costs)
    return TrackScanned(
        task.root_id, task.path, task.stamp, payload, tags, stream, analysis
    )


def _tags(task: FileTask) -> tuple[TagFacts, StreamFacts]:
    from scanner.tags.from_path import fill_from_path  # noqa: PLC0415
    from scanner.tags.interpret import Separators  # noqa: PLC0415
    from scanner.tags.read import read_tags  # noqa: PLC0415

    usual = Separators()
    artists = usual.artists + task.rules.artist_separators
    separators = replace(usual, artists=artists)
    tags, stream = read_tags(task.full_path, separators)
    if task.rules.guess_from_path:
        tags = fill_from_path(tags, task.path)
    if text := task.rules.as_text():  # so that a scan by other rules reads them again
        tags = replace(tags, sources=(*tags.sources, (RULES, text)))
    return tags, stream


def _extract(path: bytes, settings: ScanSettings, costs: _Costs) -> Analysis:
    """Decode the file block by block and extract its features."""
    from scanner.audio.decode import open_audio  # noqa: PLC0415
    from scanner.features.extractor import Extractor  # noqa: PLC0415 (heavy)

    with ExitStack() as stack:
        with costs.of("decode"):
            audio = stack.enter_context(open_audio(path))
        extractor = Extractor(
            audio.sample_rate,
            audio.channels,
            window_s=settings.window_s,
            hop_s=settings.hop_s,
            band_limit_hz=settings.band_limit_hz,
        )
        blocks = audio.blocks()
        while True:
            with costs.of("decode"):
                block = next(blocks, None)
            if block is None:
                break
            extractor.push(block)
        decoder = audio.decoder
    found = extractor.finish()
    return Analysis(
        feature_set=found.feature_set,
        status=found.status,
        duration_s=found.duration_s,
        windows=found.windows,
        sequences=found.sequences,
        loudness_lufs=found.loudness_lufs,
        decoder=decoder,
        audio_facts=found.audio_facts,
        costs=(*costs.total(), *found.costs),
    )


class _Costs:
    """CPU and wall seconds per stage, added up over its pieces."""

    def __init__(self) -> None:
        self._spent: dict[str, tuple[float, float]] = {}

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Charge what the block takes to `stage`."""
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            yield
        finally:
            before = self._spent.get(stage, (0.0, 0.0))
            self._spent[stage] = (
                before[0] + time.process_time() - cpu,
                before[1] + time.perf_counter() - wall,
            )

    def total(self) -> tuple[StageCost, ...]:
        """Return what each stage cost."""
        return tuple(StageCost(name, *spent) for name, spent in self._spent.items())
