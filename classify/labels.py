"""What is to be told apart: a rule that gives a track its label.

An artist's label is the album artist, else the first artist; on a compilation, whose
album artist names nobody, it is the first artist. A genre's is the first genre.
Spellings that differ in case or space alone are one label, shown in the most frequent
spelling.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from catalog.albums import fold
from classify.errors import BadLabelRuleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from catalog.datasets import TrackRow

_NOBODY = frozenset({"various artists", "various", "va", "v.a.", "verschiedene"})


def artist_of(track: TrackRow) -> str | None:
    """Return the artist that a track is filed under, or None."""
    named = track.albumartist or ""
    first = next(iter(track.artists), None)
    if not named or fold(named) in _NOBODY:
        return first
    return named


def genre_of(track: TrackRow) -> str | None:
    """Return a track's first genre, or None."""
    return next(iter(track.genres), None)


RULES: dict[str, Callable[[TrackRow], str | None]] = {
    "artist": artist_of,
    "genre": genre_of,
}


def labels_of(rule: str, tracks: Sequence[TrackRow]) -> list[str | None]:
    """Return the label of each track under `rule`, or None where it has none.

    Raises
    ------
    BadLabelRuleError
        The rule is not known.
    """
    if rule not in RULES:
        raise BadLabelRuleError(
            f"--label {rule}: not a label; choose one of {', '.join(RULES)}"
        )
    return one_spelling([RULES[rule](track) for track in tracks])


def one_spelling(names: Sequence[str | None]) -> list[str | None]:
    """Replace names that differ in case or space by the most frequent spelling.

    >>> one_spelling(["Rush", "RUSH", None, "Rush"])
    ['Rush', 'Rush', None, 'Rush']
    """
    spellings: dict[str, Counter[str]] = {}
    for name in names:
        if name and name.strip():
            spellings.setdefault(fold(name), Counter())[name.strip()] += 1
    chosen = {key: count.most_common(1)[0][0] for key, count in spellings.items()}
    return [chosen.get(fold(name)) if name else None for name in names]
