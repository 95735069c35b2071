"""Sandbox of an upload: a child process that measures it within limits."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, BinaryIO

import numpy as np

from catalog.records import FeatureSetFacts
from classify.measure import MeasuredFile, MeasuringSettings
from classify.sequence_features import TrackSequences
from webapp.errors import UploadError
from webapp.settings import UploadLimits

_running: set[subprocess.Popen[bytes]] = set()
_LONGEST_LINE = 4096
_MOST_BYTES = 256 * 2**20
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def measure_upload(
    file: BinaryIO,
    facts: FeatureSetFacts,
    *,
    limits: UploadLimits,
    on_progress: Callable[[float, float | None], None],
) -> MeasuredFile:
    """Decode and measure the open `file` in another process.

    Parameters
    ----------
    file : binary file, open for reading, with a descriptor
    facts : FeatureSetFacts
        Of the windows that the model was trained on.
    limits : UploadLimits
    on_progress : callable
        Called with the seconds that are done, and how many there seem to be.

    Raises
    ------
    CannotJudgeError
        It is no audio, is damaged, too long, too short, silent, or took too much.
    """
    file.seek(0)
    child = subprocess.Popen(  # noqa: S603 (this program, on numbers)
        _command(MeasuringSettings.of_feature_set(facts), limits),
        stdin=file.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ONE_THREAD},
        start_new_session=True,
    )
    _running.add(child)
    timed_out = threading.Event()

    def stop() -> None:
        timed_out.set()
        _kill(child)

    timer = threading.Timer(limits.wall_s, stop)
    timer.start()
    try:
        assert child.stdout is not None
        archive = _read_messages(child.stdout, on_progress)
    finally:
        timer.cancel()
        _kill(child)
        child.wait()
        _running.discard(child)
        if child.stdout is not None:
            child.stdout.close()
    if archive is None:
        raise UploadError(
            f"it took longer than {limits.wall_s:g} seconds"
            if timed_out.is_set()
            else "its decoder broke off: the file is damaged, or takes too much"
        )
    return _unpack_measured(archive)


def end_all() -> None:
    """End every process that measures, so that the server can end."""
    for child in list(_running):
        _kill(child)


def _command(settings: MeasuringSettings, limits: UploadLimits) -> list[str]:
    band_limit_hz = settings.band_limit_hz
    limited = [] if band_limit_hz is None else ["--band-limit-hz", str(band_limit_hz)]
    return [
        *(sys.executable, "-P", "-m", "webapp.sandbox_child"),
        *("--window-s", str(settings.window_s), "--hop-s", str(settings.hop_s)),
        *limited,
        *("--max-audio-s", str(limits.max_audio_s)),
        *("--cpu-s", str(int(limits.cpu_s))),
        *("--memory", str(limits.memory_bytes)),
    ]


def _read_messages(
    out: IO[bytes], on_progress: Callable[[float, float | None], None]
) -> bytes | None:
    """Follow what the process says; return its archive, or None if it just ended."""
    while line := out.readline(_LONGEST_LINE):
        try:
            message = json.loads(line)
        except ValueError:
            return None
        if "error" in message:
            raise UploadError(str(message["error"]))
        if "bytes" in message:
            size = int(message["bytes"])
            archive = out.read(size) if size <= _MOST_BYTES else b""
            return archive if len(archive) == size else None
        on_progress(float(message["done_s"]), message["of_s"])
    return None


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _unpack_measured(archive: bytes) -> MeasuredFile:
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        return MeasuredFile(
            str(arrays["payload_hash"]),
            float(arrays["duration_s"]),
            arrays["start_s"],
            arrays["window_s"],
            arrays["silent"],
            arrays["vectors"],
            TrackSequences(
                arrays["chroma"], arrays["logmel"], float(arrays["rate_hz"])
            ),
        )
