"""By which rules tags are read below which folder, remembered from scan to scan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from catalog.text import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scanner.settings import ScanSettings

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
