"""Places along an axis that a reader can do sums with."""

from __future__ import annotations

import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_SECONDS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    """Return round numbers inside [low, high], about as many as asked for.

    >>> ticks(0.0, 14.2)
    [0.0, 5.0, 10.0]
    """
    return _multiples(low, high, _step((high - low) / about))


def clock_ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    """Return round times, in seconds, inside [low, high]."""
    wanted = (high - low) / about
    step = next((s for s in _SECONDS if s >= wanted), _SECONDS[-1])
    return _multiples(low, high, step)


def shown(value: float) -> str:
    """Return a number as an axis shows it.

    >>> shown(1380.0), shown(0.0035), shown(0.30000000000000004)
    ('1380', '0.0035', '0.3')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds.

    >>> clock(90)
    '1:30'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _step(wanted: float) -> float:
    size = 10.0 ** math.floor(math.log10(wanted))
    return next(size * step for step in _STEPS if size * step >= wanted * 0.999)


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]
