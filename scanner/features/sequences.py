"""Two sequences along the whole track, at about two steps a second."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from catalog.records import Sequence
from scanner.features import filters as banks
from scanner.features.compiled import kernel
from scanner.features.definition import (
    N_BINS,
    N_CHROMA,
    N_SEQUENCE_MELS,
    REFERENCE_LUFS,
    SEQUENCE_FRAMES,
    SEQUENCE_RATE_HZ,
)

_AMIN = 1e-10
_PAGE = 256
"""Steps kept together: two minutes."""


@kernel("void(f4[:,::1], f4[:,:], i8, i8, f4[::1], f4[::1])")
def _add(
    S: NDArray[np.float32],
    chroma: NDArray[np.float32],
    start: int,
    stop: int,
    power: NDArray[np.float32],
    pitch: NDArray[np.float32],
) -> None:
    """Add the power and the chroma of frames ``start:stop``."""
    for t in range(start, stop):
        for k in range(N_BINS):
            power[k] += S[t, k] * S[t, k]
        for c in range(N_CHROMA):
            pitch[c] += chroma[t, c]


@kernel("void(f4[::1], f4[::1], i8[:,::1], f4[::1], f4[:])")
def _close(
    power: NDArray[np.float32],
    pitch: NDArray[np.float32],
    spans: NDArray[np.int64],
    weights: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Write the mean chroma and the mel bands in dB; start again from nothing."""
    for c in range(N_CHROMA):
        out[c] = pitch[c] / SEQUENCE_FRAMES
    for m in range(N_SEQUENCE_MELS):
        first, count, place = spans[m]
        total = np.float32(0.0)
        for n in range(count):
            total += power[first + n] * weights[place + n]
        mean = max(float(total) / SEQUENCE_FRAMES, _AMIN)
        out[N_CHROMA + m] = 10.0 * math.log10(mean)
    power[:] = 0.0
    pitch[:] = 0.0


class Sequences:
    """Averages frames by 22 as they come; a last step of fewer is left out."""

    def __init__(self) -> None:
        self._power = np.zeros(N_BINS, np.float32)
        self._pitch = np.zeros(N_CHROMA, np.float32)
        self._spans, self._weights = banks.sparse_mel(N_SEQUENCE_MELS)
        self._frames = 0
        self._pages: list[NDArray[np.float32]] = []
        self._steps = 0

    def push(self, S: NDArray[np.float32], chroma: NDArray[np.float32]) -> None:
        """Take the next frames' magnitudes, shape (n, 1040), and chroma (n, 12)."""
        start, n = 0, S.shape[0]
        while start < n:
            stop = min(n, start + SEQUENCE_FRAMES - self._frames)
            _add(S, chroma, start, stop, self._power, self._pitch)
            self._frames += stop - start
            start = stop
            if self._frames == SEQUENCE_FRAMES:
                out = self._next()
                _close(self._power, self._pitch, self._spans, self._weights, out)
                self._frames = 0

    def _next(self) -> NDArray[np.float32]:
        page, row = divmod(self._steps, _PAGE)
        if page == len(self._pages):
            page_shape = (_PAGE, N_CHROMA + N_SEQUENCE_MELS)
            self._pages.append(np.empty(page_shape, np.float32))
        self._steps += 1
        out: NDArray[np.float32] = self._pages[page][row]
        return out

    def finish(self, loudness_lufs: float) -> tuple[Sequence, ...]:
        """Return chroma, and log-mel in dB as if at the reference loudness."""
        steps = np.concatenate(self._pages)[: self._steps]
        chroma, logmel = steps[:, :N_CHROMA], steps[:, N_CHROMA:]
        logmel = logmel + np.float32(REFERENCE_LUFS - loudness_lufs)
        return (
            Sequence("chroma", SEQUENCE_RATE_HZ, chroma.astype(np.float16)),
            Sequence("logmel", SEQUENCE_RATE_HZ, logmel.astype(np.float16)),
        )
