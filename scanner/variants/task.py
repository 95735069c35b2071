"""One variant of one track, made and analyzed in a worker."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace

from catalog.records import Analysis, FileFailed, TrackScanned
from scanner.analyze import analyze
from scanner.exceptions import FileError, VariantError
from scanner.features.extractor import Extractor
from scanner.plan import FileTask
from scanner.settings import ScanSettings
from scanner.variants.encodings import parse_variant
from scanner.variants.transcode import read_samples, transcode

_CHANGED = "its audio changed since it was analysed; scan it again first"


@dataclass(frozen=True, slots=True)
class VariantTask(FileTask):
    """One variant of one track that is to be made and analysed.

    Attributes
    ----------
    variant : str
        Its name.
    payload_hash : str
        What the file's audio was when it was analysed.
    folder : str
        Private to this scan, for temporary files.
    """

    variant: str
    payload_hash: str
    folder: str


def analyze_variant(
    task: FileTask,
    settings: ScanSettings,
    wanted: Callable[[str], bool],  # noqa: ARG001 - what is wanted is known
) -> TrackScanned | FileFailed:
    """Read a track, encode it anew, and analyze what comes out.

    Parameters
    ----------
    task : VariantTask
    settings : ScanSettings
    wanted : callable
        Not asked.
    """
    assert isinstance(task, VariantTask)
    track = analyze(task, settings._replace(tags_only=True), lambda _: False)
    if isinstance(track, FileFailed):
        return track
    try:
        if track.payload_hash != task.payload_hash:
            raise VariantError(_CHANGED)  # noqa: TRY301
        return replace(track, analysis=_extract(task, settings))
    except FileError as error:
        return task.failed(error.stage, error.reason)
    except MemoryError:
        return task.failed("memory", "there was not enough memory")
    except Exception as error:  # noqa: BLE001 - one file must never stop a scan
        return task.failed("variant", f"{type(error).__name__}: {error}")


def _extract(task: VariantTask, settings: ScanSettings) -> Analysis:
    # The encoder's own temporary files, too: a worker may be ended at any time, and
    # the folder is removed by the scan that made it.
    tempfile.tempdir = task.folder
    samples, sr, decoder = transcode(
        *read_samples(task.full_path), parse_variant(task.variant), task.folder
    )
    extractor = Extractor(
        sr,
        samples.shape[1],
        window_s=settings.window_s,
        hop_s=settings.hop_s,
        band_limit_hz=settings.band_limit_hz,
    )
    extractor.push(samples)
    return replace(extractor.finish(decoder), variant=task.variant)
