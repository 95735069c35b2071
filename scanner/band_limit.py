"""The band limit that a library itself asks for: below where its spectra end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from catalog.audio_facts import upper_edges
from catalog.exceptions import CatalogMissingError
from catalog.schema import open_catalog
from scanner.features.definition import BAND_LIMITS_HZ
from scanner.settings import ScanSettings
from scanner.summary import Summary

_SHARE = 0.05
_STEP_HZ = 500.0


def band_limit(edges: Mapping[str, Sequence[float]]) -> float | None:
    """Return a limit that nearly all spectra reach, of originals and re-encodings.

    Parameters
    ----------
    edges : mapping of a variant's name to the upper edges of its tracks, in Hz
        Every variant counts by itself, however few its tracks are: the limit lies below
        the edges of 95 % of each.

    Returns
    -------
    float or None
        Whole steps of 500 Hz; None where every variant reaches beyond the highest limit
        that would change a feature.

    Examples
    --------
    >>> band_limit({"original": [16000.0, 20000.0], "mp3:64k": [10900.0, 11100.0]})
    10500.0
    >>> band_limit({"original": [16000.0, 20000.0]}) is None
    True
    """
    lowest = min(
        (_common_edge(values) for values in edges.values() if values), default=0.0
    )
    least, most = BAND_LIMITS_HZ
    limit = math.floor(lowest / _STEP_HZ) * _STEP_HZ
    return None if not lowest or limit > most else max(limit, least)


def scan_below_limit(
    scan_once: Callable[[ScanSettings], Summary],
    url: str,
    settings: ScanSettings,
    say: Callable[[str], None],
) -> Summary:
    """Scan up to the limit that is known, and again if the material asks for another.

    Parameters
    ----------
    scan_once : callable
        Does one scan.
    url : str
        Of the catalog, which need not exist yet.
    settings : ScanSettings
    say : callable
        Tells people of the limit.
    """
    known_hz = find_band_limit(url)
    summary = scan_once(settings._replace(band_limit_hz=known_hz))
    if summary.interrupted or summary.left or settings.tags_only:
        return summary
    limit_hz = find_band_limit(url)
    say(_describe(limit_hz, again=limit_hz != known_hz))
    if limit_hz == known_hz:
        return summary
    second = scan_once(settings._replace(band_limit_hz=limit_hz))
    second.failed[:0] = summary.failed
    return second


def find_band_limit(url: str) -> float | None:
    """Return the limit that the tracks and re-encodings of a catalog ask for.

    None, too, where there is no catalog yet.
    """
    try:
        with open_catalog(url, mode="read") as catalog:
            return band_limit(upper_edges(catalog))
    except CatalogMissingError:
        return None


def _describe(limit_hz: float | None, *, again: bool) -> str:
    if limit_hz is None:
        text = "band limit: none is needed, nearly all spectra reach beyond 11 kHz"
    else:
        text = f"band limit: {limit_hz:g} Hz, below where the spectra end"
    return f"{text}; reading the library again for such features" if again else text


def _common_edge(edges: Sequence[float]) -> float:
    """Return the edge that all but one in twenty reach."""
    return sorted(edges)[int(_SHARE * len(edges))]
