"""Have an upload measured by a process of its own, within limits."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO

import numpy as np

from classify.sequence_features import TrackSequences
from webapp.errors import CannotJudgeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from webapp.settings import UploadLimits

GRID = 4
"""Windows are measured this many times as densely as the model was taught."""

_running: set[subprocess.Popen[bytes]] = set()
_LONGEST_LINE = 4096
_MOST_BYTES = 256 * 2**20
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


@dataclass(frozen=True, eq=False)
class Measured:
    """The windows of an upload, on a grid `GRID` times as dense as the model's.

    Attributes
    ----------
    payload_hash : str
        Names the audio, whatever the tags say.
    duration_s : float
    start_s, window_s : float64, shape (n,)
    silent : bool, shape (n,)
    vectors : float32, shape (n, d)
    sequences : TrackSequences
    """

    payload_hash: str
    duration_s: float
    start_s: NDArray[np.float64]
    window_s: NDArray[np.float64]
    silent: NDArray[np.bool_]
    vectors: NDArray[np.float32]
    sequences: TrackSequences


def measured(
    file: BinaryIO,
    *,
    window_s: float,
    hop_s: float,
    band_limit_hz: float | None,
    limits: UploadLimits,
    told: Callable[[float, float | None], None],
) -> Measured:
    """Decode and measure the open `file` in another process.

    Parameters
    ----------
    file : binary file, open for reading, with a descriptor
    window_s, hop_s : float
    band_limit_hz : float or None
        As the model was taught.
    limits : UploadLimits
    told : callable
        Called with the seconds that are done, and how many there seem to be.

    Raises
    ------
    CannotJudgeError
        It is no audio, is damaged, too long, too short, silent, or took too much.
    """
    file.seek(0)
    child = subprocess.Popen(  # noqa: S603 (this program, on numbers)
        _command(window_s, hop_s, band_limit_hz, limits),
        stdin=file.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ONE_THREAD},
        start_new_session=True,
    )
    _running.add(child)
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill(child)

    timer = threading.Timer(limits.wall_s, stop)
    timer.start()
    try:
        assert child.stdout is not None
        archive = _listen(child.stdout, told)
    finally:
        timer.cancel()
        _kill(child)
        child.wait()
        _running.discard(child)
        if child.stdout is not None:
            child.stdout.close()
    if archive is None:
        raise CannotJudgeError(
            f"it took longer than {limits.wall_s:g} seconds"
            if late.is_set()
            else "its decoder broke off: the file is damaged, or takes too much"
        )
    return _unpacked(archive)


def end_all() -> None:
    """End every measuring that is under way, so that the server can end."""
    for child in list(_running):
        _kill(child)


def _command(
    window_s: float, hop_s: float, band_limit_hz: float | None, limits: UploadLimits
) -> list[str]:
    limited = [] if band_limit_hz is None else ["--band-limit-hz", str(band_limit_hz)]
    return [
        *(sys.executable, "-P", "-m", "webapp.sandbox_child"),
        *("--window-s", str(window_s), "--hop-s", str(hop_s / GRID)),
        *limited,
        *("--max-audio-s", str(limits.max_audio_s)),
        *("--cpu-s", str(int(limits.cpu_s))),
        *("--memory", str(limits.memory_bytes)),
    ]


def _listen(
    out: IO[bytes], told: Callable[[float, float | None], None]
) -> bytes | None:
    """Follow what the process says; return its archive, or None if it just ended."""
    while line := out.readline(_LONGEST_LINE):
        try:
            said = json.loads(line)
        except ValueError:
            return None
        if "error" in said:
            raise CannotJudgeError(str(said["error"]))
        if "bytes" in said:
            size = int(said["bytes"])
            archive = out.read(size) if size <= _MOST_BYTES else b""
            return archive if len(archive) == size else None
        told(float(said["done_s"]), said["of_s"])
    return None


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _unpacked(archive: bytes) -> Measured:
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        status = str(arrays["status"])
        if status == "too_short":
            raise CannotJudgeError("it is too short: at least 5 seconds are needed")
        if status == "silent":
            raise CannotJudgeError("it is silent from beginning to end")
        return Measured(
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
