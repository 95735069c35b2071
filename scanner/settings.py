"""The options of a scan, and the rules by which tags are read, folder by folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from catalog.database import readable


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


TAG_RULES_OPTION = "tag_rules"  # in the options that a scan is logged with


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

    def as_text(self) -> str:
        """Return the rules as they are stored with a track; the usual ones: nothing.

        >>> ReadingRules().as_text(), ReadingRules(("/",)).as_text()
        ('', '{"artist_separators": ["/"], "guess_from_path": false}')
        """
        return "" if self == ReadingRules() else json.dumps(self._asdict())

    def changed_by(self, settings: ScanSettings) -> ReadingRules:
        """Return the rules with what the settings say of them."""
        rules = self
        if settings.artist_separators is not None:
            rules = rules._replace(artist_separators=settings.artist_separators)
        if settings.guess_from_path is not None:
            rules = rules._replace(guess_from_path=settings.guess_from_path)
        return rules


class TagRules:
    """Rules for reading tags by folder, for every folder for which some were asked.

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
    def from_options(options: Mapping[str, Any]) -> TagRules:
        """Return the rules of the scan that was logged with `options`."""
        return TagRules(
            {
                path: ReadingRules(
                    tuple(rules["artist_separators"]), rules["guess_from_path"]
                )
                for path, rules in options.get(TAG_RULES_OPTION, {}).items()
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Return the rules as `from_options` takes them."""
        return {path: rules._asdict() for path, rules in self._rules.items()}

    def changed_by(self, settings: ScanSettings, paths: Iterable[bytes]) -> TagRules:
        """Return the rules with what the settings ask for below `paths`."""
        if settings.artist_separators is None and settings.guess_from_path is None:
            return self
        rules = dict(self._rules)
        for path in map(readable, paths):
            rules[path] = self._rules_of(path)
            rules |= {
                inner: before.changed_by(settings)
                for inner, before in rules.items()
                if _leads_to(path, inner)
            }
        return TagRules(rules)

    def of_file(self, path: bytes) -> ReadingRules:
        """Return the rules for the file at an absolute path."""
        return self._rules_of(readable(path)) if self._rules else ReadingRules()

    def _rules_of(self, path: str) -> ReadingRules:
        above = [one for one in self._rules if _leads_to(one, path)]
        return self._rules[max(above, key=len)] if above else ReadingRules()


def _leads_to(above: str, path: str) -> bool:
    return path == above or path.startswith(above.rstrip("/") + "/")
