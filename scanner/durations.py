"""Guess how long a file plays from its size, and learn from those that were read."""

from __future__ import annotations

import os
from collections import defaultdict

_BYTES_PER_S = {  # usual ones; replaced by what the library itself shows
    b".mp3": 24e3,
    b".ogg": 20e3,
    b".opus": 14e3,
    b".m4a": 26e3,
    b".flac": 105e3,
    b".ape": 95e3,
    b".wv": 100e3,
    b".wav": 176e3,
    b".aif": 176e3,
    b".aiff": 176e3,
    b".dsf": 705e3,
}
_OTHERS = 24e3
_WEIGHT_S = 60.0  # how many seconds of audio the usual figure counts for


class Durations:
    """Seconds of audio by suffix and size."""

    def __init__(self) -> None:
        self._bytes: defaultdict[bytes, float] = defaultdict(float)
        self._seconds: defaultdict[bytes, float] = defaultdict(float)

    def of(self, path: bytes, size: int) -> float:
        """Return the estimated duration of a file, in seconds."""
        return size / self._rate(_suffix(path))

    def learn(self, path: bytes, size: int, duration_s: float) -> None:
        """Take the true duration of one file into account."""
        suffix = _suffix(path)
        self._bytes[suffix] += size
        self._seconds[suffix] += duration_s

    def _rate(self, suffix: bytes) -> float:
        usual = _BYTES_PER_S.get(suffix, _OTHERS)
        total = self._bytes[suffix] + usual * _WEIGHT_S
        return max(total / (self._seconds[suffix] + _WEIGHT_S), 1.0)


class Remaining:
    """How much audio is still to be done, as an estimate that gets better.

    Parameters
    ----------
    files : iterable of (path, size)
    """

    def __init__(self, durations: Durations) -> None:
        self._durations = durations
        self._bytes: defaultdict[bytes, int] = defaultdict(int)

    def add(self, path: bytes, size: int) -> None:
        """Count one file in."""
        self._bytes[_suffix(path)] += size

    def done(self, path: bytes, size: int, duration_s: float | None) -> None:
        """Take one file out; learn from its true duration where it is known."""
        self._bytes[_suffix(path)] -= size
        if duration_s:
            self._durations.learn(path, size, duration_s)

    @property
    def seconds(self) -> float:
        """Return the estimated seconds of audio that remain."""
        return sum(self._durations.of(s, size) for s, size in self._bytes.items())


def _suffix(path: bytes) -> bytes:
    """Return the suffix of `path`; a bare suffix returns itself."""
    name = path.rpartition(b"/")[2]
    if name.startswith(b".") and name.count(b".") == 1:
        return name.lower()
    return os.path.splitext(name)[1].lower()
