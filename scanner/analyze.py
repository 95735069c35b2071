"""The analysis of one file of a scan: its payload hash, tags and features."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from catalog.records import Analysis, FileFailed, Stamp, StreamFacts, TrackScanned
from scanner.audio.files import AudioFile, cause, identify, regular_file
from scanner.audio.mpeg import StreamLength
from scanner.audio.payload import read_payload
from scanner.exceptions import NO_ACCESS, FileError
from scanner.features.timing import Stopwatch
from scanner.plan import FileTask
from scanner.settings import ScanSettings
from scanner.tags.read import read_track_tags

_CHANGED = "it changed while it was read; the next scan tries it again"


def analyze(
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
        return _read_unchanged(task, settings, wanted)
    except FileError as error:
        return task.failed(error.stage, error.reason)
    except OSError as error:
        stage = NO_ACCESS if isinstance(error, PermissionError) else "identify"
        return task.failed(stage, cause(error))
    except MemoryError:
        return task.failed("memory", "there was not enough memory")
    except Exception as error:  # noqa: BLE001 - one file must never stop a scan
        return task.failed("analysis", f"{type(error).__name__}: {error}")


def _read_unchanged(
    task: FileTask, settings: ScanSettings, wanted: Callable[[str], bool]
) -> TrackScanned:
    """Read the file; once more if it changed meanwhile."""
    for _ in range(2):
        with regular_file(task.full_path) as fd:
            before = _stamp(fd)
            known = task.payload if before == task.stamp else None
            task = replace(task, stamp=before, payload=known)
            try:
                track = _read(identify(fd), task, settings, wanted)
            except FileError:
                if _stamp(fd) == before:
                    raise
            else:
                if _stamp(fd) == before:
                    return track
    raise FileError("identify", _CHANGED)


def _stamp(fd: int) -> Stamp:
    status = os.fstat(fd)
    return Stamp(status.st_size, status.st_mtime_ns)


def _read(
    file: AudioFile,
    task: FileTask,
    settings: ScanSettings,
    wanted: Callable[[str], bool],
) -> TrackScanned:
    """Read payload, tags and, where they are wanted, the features of an open file."""
    stopwatch = Stopwatch()
    if task.payload is not None:  # all but the tags is known
        tags, _ = read_track_tags(file, task.path, task.rules)
        return TrackScanned(task.root_id, task.path, task.stamp, task.payload, tags)
    with stopwatch.measure("payload"):
        payload = read_payload(file)
    with stopwatch.measure("tags"):
        tags, declared = read_track_tags(file, task.path, task.rules)
    stream = _counted(declared, payload.length) if payload.length else declared
    analysis = None
    if not settings.tags_only and wanted(payload.hash):
        analysis = _extract(file, payload.length, settings, stopwatch)
    return TrackScanned(
        task.root_id, task.path, task.stamp, payload.hash, tags, stream, analysis
    )


def _counted(declared: StreamFacts, length: StreamLength) -> StreamFacts:
    """Put what was counted in place of a header's guess, and of the first frame's."""
    seconds = declared.duration_s
    if seconds is None or not length.is_about(seconds):
        seconds = length.seconds
    return replace(declared, bitrate=length.bitrate, duration_s=seconds)


def _extract(
    file: AudioFile,
    length: StreamLength | None,
    settings: ScanSettings,
    stopwatch: Stopwatch,
) -> Analysis:
    """Decode an open file block by block and extract its features."""
    # libsndfile and numba: not loaded where tags alone are read
    from scanner.audio.decode import AudioStream  # noqa: PLC0415
    from scanner.features.extractor import Extractor  # noqa: PLC0415

    with stopwatch.measure("decode"):
        audio = AudioStream(file, length)
    with audio:
        extractor = Extractor(
            audio.sample_rate,
            audio.channels,
            window_s=settings.window_s,
            hop_s=settings.hop_s,
            band_limit_hz=settings.band_limit_hz,
            stopwatch=stopwatch,
        )
        blocks = audio.blocks()
        while True:
            with stopwatch.measure("decode"):
                block = next(blocks, None)
            if block is None:
                return extractor.finish(audio.decoder)
            extractor.push(block)
