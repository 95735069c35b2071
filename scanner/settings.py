"""What a scan is asked to do, as one record."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from catalog.text import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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


BOOK = "tag_rules"  # in the options that a scan is logged with


class ReadingRules(NamedTuple):
    """How the tags of a file are read where tastes differ.

    Attributes
    ----------
    artist_separators : tuple of str
        What else splits one artist tag into several, besides what always does.
    guess_from_path : bool
        Let folder and file names fill in what tags leave out.
    """

    artist_separators: tuple[str, ...] = ()
    guess_from_path: bool = False

    def text(self) -> str:
        """Return the rules as they are stored with a track; the usual ones: nothing.

        >>> ReadingRules().text(), ReadingRules(("/",)).text()
        ('', '{"artist_separators": ["/"], "guess_from_path": false}')
        """
        return "" if self == ReadingRules() else json.dumps(self._asdict())

    def revised(self, settings: ScanSettings) -> ReadingRules:
        """Return the rules with what the settings say of them."""
        rules = self
        if settings.artist_separators is not None:
            rules = rules._replace(artist_separators=settings.artist_separators)
        if settings.guess_from_path is not None:
            rules = rules._replace(guess_from_path=settings.guess_from_path)
        return rules


class RuleBook:
    """The rules below every path for which some were ever asked.

    Parameters
    ----------
    rules : mapping of str to ReadingRules
        By absolute path, as text; the longest path that leads to a file counts.
    """

    def __init__(self, rules: Mapping[str, ReadingRules]) -> None:
        self._rules = dict(rules)

    def __bool__(self) -> bool:
        """Say whether other rules than the usual ones were ever asked for."""
        return bool(self._rules)

    @staticmethod
    def remembered(options: Mapping[str, Any]) -> RuleBook:
        """Return the book that the last scan was logged with."""
        return RuleBook(
            {
                path: ReadingRules(
                    tuple(rules["artist_separators"]), rules["guess_from_path"]
                )
                for path, rules in options.get(BOOK, {}).items()
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Return the book as `remembered` takes it."""
        return {path: rules._asdict() for path, rules in self._rules.items()}

    def revised(self, paths: Iterable[bytes], settings: ScanSettings) -> RuleBook:
        """Return the book with what the settings ask for below `paths`."""
        if settings.artist_separators is None and settings.guess_from_path is None:
            return self
        rules = dict(self._rules)
        for path in map(readable, paths):
            rules[path] = self._at(path)
            rules |= {
                inner: before.revised(settings)
                for inner, before in rules.items()
                if _leads_to(path, inner)
            }
        return RuleBook(rules)

    def at(self, path: bytes) -> ReadingRules:
        """Return the rules for the file at an absolute path."""
        return self._at(readable(path)) if self._rules else ReadingRules()

    def _at(self, path: str) -> ReadingRules:
        above = [one for one in self._rules if _leads_to(one, path)]
        return self._rules[max(above, key=len)] if above else ReadingRules()


def _leads_to(above: str, path: str) -> bool:
    return path == above or path.startswith(above.rstrip("/") + "/")
