"""What a scan is asked to do, as one record."""

import os
from typing import NamedTuple


class ScanSettings(NamedTuple):
    """The options of one scan.

    Attributes
    ----------
    window_s, hop_s : float
        Length of a window and the step to the next, in seconds.
    band_limit_hz : float or None
        Leave what lies above out of the spectral features; None: nothing.
    min_duration_s : float
        Shorter tracks get the status ``too_short``.
    jobs : int
        Worker processes; at least 1.
    tags_only : bool
        Read tags and payload hashes, extract nothing.
    retry_failed : bool
        Try the files on record as failed again, though they did not change.
    accept_missing : bool
        Mark tracks missing even where most of a root is gone.
    guess_from_path : bool or None
        Let folder and file names fill in what tags leave out; None: as before.
    artist_separators : tuple of str or None
        What else splits one artist tag into several, besides what always does; None:
        as before.
    since_ns : int or None
        Leave files alone that changed before this time, nanoseconds since 1970.
    timeout_s : float
        Wall-clock limit for a file of up to ten minutes, in proportion for longer
        ones; 0: no limit.
    limit_s : float or None
        Take up no new file after this many seconds.
    memory_limit : int
        Bytes that one worker may hold before it is ended; 0: no limit.
    niceness : int
        Added to the priority number of the workers, 0 to 19.
    wait_s : float
        How long to wait for another scan of the same catalog.
    variants : tuple of str
        Re-encodings to make of a sample of tracks, after the scan: "mp3:64k" ...
    sample : int
        How many tracks.
    seed : int
        Of the sample.
    """

    window_s: float = 30.0
    hop_s: float = 10.0
    band_limit_hz: float | None = None
    min_duration_s: float = 5.0
    jobs: int = 1
    tags_only: bool = False
    retry_failed: bool = False
    accept_missing: bool = False
    guess_from_path: bool | None = None
    artist_separators: tuple[str, ...] | None = None
    since_ns: int | None = None
    timeout_s: float = 300.0
    limit_s: float | None = None
    memory_limit: int = 2 << 30
    niceness: int = 0
    wait_s: float = 10.0
    variants: tuple[str, ...] = ()
    sample: int = 20
    seed: int = 0


def usable_cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
