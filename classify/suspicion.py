"""Does a file hold less than its format promises? A rule on codec and bandwidth.

Encoders cut the treble off at a frequency that goes with the bitrate, and decoding
brings nothing back. A steep edge far below what the format could hold is the mark of an
earlier, lossy generation; a master that was low-passed on purpose looks the same, so it
is a suspicion and no proof.
"""

from __future__ import annotations

from typing import Literal

Suspicion = Literal["", "transcoded", "upsampled"]

STEEP_DB = 15.0
"""The level falls by at least this within about a kilohertz."""

_UPSAMPLED_DROP_DB = 6.0
_HIGH_RATE_HZ = 64_000
_UPSAMPLED_HZ = (20_000.0, 25_700.0)
"""Where 44 100 or 48 000 Hz end, with what the filter of a resampler leaves above."""

_LOSSLESS_EDGE_HZ = 20_600.0
"""MP3 at its best reaches this."""

_FULLBAND_EDGE_HZ = 20_800.0
"""Opus ends at 20 kHz and is decoded at 48 000 Hz; there is no treble above."""

# codec -> (least kbit/s, edge below which that bitrate was not needed), highest first
_EXPECTED: dict[str, tuple[tuple[int, float], ...]] = {
    "mp3": ((300, 19_000.0), (240, 18_500.0), (180, 17_300.0), (150, 16_200.0)),
    "aac": ((240, 18_000.0), (180, 17_000.0)),
    "vorbis": ((240, 18_000.0), (180, 16_900.0)),
    "opus": ((90, 17_500.0),),
}


def suspicion(
    *,
    codec: str | None,
    lossless: bool | None,
    bitrate: int | None,
    sample_rate: int | None,
    upper_edge_hz: float | None,
    edge_drop_db: float | None,
) -> Suspicion:
    """Return what a track is suspected of.

    Parameters
    ----------
    codec : str or None
    lossless : bool or None
    bitrate : int or None
        Bits per second, of both channels.
    sample_rate : int or None
        Hz.
    upper_edge_hz, edge_drop_db : float or None
        As measured on the decoded audio.

    Returns
    -------
    "", "transcoded" or "upsampled"
        Nothing where too little is known.

    Examples
    --------
    >>> suspicion(codec="flac", lossless=True, bitrate=None, sample_rate=44100,
    ...           upper_edge_hz=16000.0, edge_drop_db=40.0)
    'transcoded'
    """
    if upper_edge_hz is None or edge_drop_db is None or not sample_rate:
        return ""
    if _is_upsampled(sample_rate, upper_edge_hz, edge_drop_db):
        return "upsampled"
    limit = _limit(codec, lossless, bitrate, sample_rate)
    steep = edge_drop_db >= STEEP_DB
    return "transcoded" if steep and upper_edge_hz <= limit else ""


def _is_upsampled(sample_rate: int, edge_hz: float, drop_db: float) -> bool:
    low, high = _UPSAMPLED_HZ
    return (
        sample_rate >= _HIGH_RATE_HZ
        and low <= edge_hz <= high
        and drop_db >= _UPSAMPLED_DROP_DB
    )


def _limit(
    codec: str | None,
    lossless: bool | None,  # noqa: FBT001
    bitrate: int | None,
    sample_rate: int,
) -> float:
    """Return the edge up to which a steep one is suspicious, 0 where none is."""
    if lossless:
        high = sample_rate >= 48_000
        return min(_FULLBAND_EDGE_HZ if high else _LOSSLESS_EDGE_HZ, 0.47 * sample_rate)
    if sample_rate < 44_100:
        return 0.0
    for least, edge in _EXPECTED.get(codec or "", ()):
        if bitrate is not None and bitrate >= 1000 * least:
            return edge
    return 0.0
