"""Two sequences along the whole track, at about two steps a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from catalog.records import Sequence
from scanner.features import banks
from scanner.features.definition import (
    N_BINS,
    N_CHROMA,
    N_SEQUENCE_MELS,
    REFERENCE_LUFS,
    SEQUENCE_FRAMES,
    SEQUENCE_RATE_HZ,
)
from scanner.features.layout import STRIDE

_MEL = banks.mel(N_SEQUENCE_MELS).T.copy()
_AMIN = 1e-10


class Sequences:
    """Averages frames by 22 as they come; a last step of fewer is left out."""

    def __init__(self) -> None:
        self._power = np.zeros(STRIDE)
        self._chroma_sum = np.zeros(N_CHROMA)
        self._frames = 0
        self._chroma: list[NDArray[np.float16]] = []
        self._logmel: list[NDArray[np.float32]] = []

    def push(self, S: NDArray[np.float32], chroma: NDArray[np.float32]) -> None:
        """Take the next frames' magnitudes, shape (n, 1040), and chroma (n, 12)."""
        start, n = 0, S.shape[0]
        while start < n:
            stop = min(n, start + SEQUENCE_FRAMES - self._frames)
            part = S[start:stop]
            self._power += np.einsum("ij,ij->j", part, part)
            self._chroma_sum += chroma[start:stop].sum(axis=0)
            self._frames += stop - start
            start = stop
            if self._frames == SEQUENCE_FRAMES:
                self._step()

    def _step(self) -> None:
        mel = (self._power[:N_BINS] / SEQUENCE_FRAMES).astype(np.float32) @ _MEL
        self._logmel.append(10.0 * np.log10(np.maximum(mel, _AMIN)))
        self._chroma.append((self._chroma_sum / SEQUENCE_FRAMES).astype(np.float16))
        self._power[:] = 0.0
        self._chroma_sum[:] = 0.0
        self._frames = 0

    def finish(self, loudness_lufs: float) -> tuple[Sequence, ...]:
        """Return chroma, and log-mel in dB as if at the reference loudness."""
        chroma = np.array(self._chroma, np.float16).reshape(-1, N_CHROMA)
        logmel = np.array(self._logmel, np.float32).reshape(-1, N_SEQUENCE_MELS)
        logmel += np.float32(REFERENCE_LUFS - loudness_lufs)
        return (
            Sequence("chroma", SEQUENCE_RATE_HZ, chroma),
            Sequence("logmel", SEQUENCE_RATE_HZ, logmel.astype(np.float16)),
        )
