"""What is to be told apart: a rule that gives a track its label.

An artist's label is the album artist, else the first artist; on a compilation, whose
album artist names nobody, it is the first artist. A genre's is the first genre.
Spellings that differ in case or space alone are one label, shown in the most frequent
spelling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from catalog.datasets import TrackRow
from catalog.names import fold, is_nobody
from classify.exceptions import BadLabelRuleError


def artist_of(track: TrackRow) -> str | None:
    """Return the artist that a track is filed under, or None."""
    names = (track.artist, *track.artists)
    return next((name for name in names if name and not is_nobody(name)), None)


def genre_of(track: TrackRow) -> str | None:
    """Return a track's first genre, or None."""
    return next(iter(track.genres), None)


def decade_of(track: TrackRow) -> str | None:
    """Return the decade of a track's year, as in "1980s", or None."""
    return None if track.year is None else f"{track.year // 10 * 10}s"


RULES: dict[str, Callable[[TrackRow], str | None]] = {
    "artist": artist_of,
    "genre": genre_of,
    "decade": decade_of,
}
TAG = "tag:"
CSV = "csv:"


def labels_of(rule: str, tracks: Sequence[TrackRow]) -> list[str | None]:
    """Return the label of each track under one of `RULES`, or None where it has none.

    Raises
    ------
    BadLabelRuleError
        The rule is not known.
    """
    check_rule(rule)
    return unify_spelling([RULES[rule](track) for track in tracks])


def check_rule(rule: str) -> None:
    """Refuse a rule that is none.

    Raises
    ------
    BadLabelRuleError
        It names all.
    """
    for prefix in (TAG, CSV):
        if rule.startswith(prefix) and rule != prefix:
            return
    if rule not in RULES:
        raise BadLabelRuleError(
            f"--label {rule}: not a label; choose one of {', '.join(RULES)}, tag:NAME "
            "or csv:FILE"
        )


def match_lines(
    lines: Iterable[Sequence[str]], tracks: Sequence[TrackRow]
) -> tuple[list[str | None], list[str]]:
    """Return labels as the lines of a table give them, and lines that match nothing.

    Parameters
    ----------
    lines : iterable of (path, pattern or album; label)
        A path below a scanned folder; a pattern of paths with ``*``, ``?`` or ``[]``;
        or the title of an album. Later lines go before earlier ones. A first line
        whose second cell is "label" is a header.
    tracks : sequence of TrackRow

    Returns
    -------
    labels : list of str or None
    unmatched : list of str

    Raises
    ------
    BadLabelRuleError
        A line has no second cell.
    """
    labels: list[str | None] = [None] * len(tracks)
    albums = [fold(track.album) if track.album else None for track in tracks]
    unmatched = []
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line]
        if not any(cells) or (number == 1 and cells[1:2] and fold(cells[1]) == "label"):
            continue
        if len(cells) < 2 or not cells[0] or not cells[1]:
            raise BadLabelRuleError(
                f"line {number} of the label file must hold a path, pattern or album, "
                "and a label"
            )
        found = [
            i
            for i, track in enumerate(tracks)
            if track.path_text == cells[0]
            or albums[i] == fold(cells[0])
            or fnmatchcase(track.path_text, cells[0])
        ]
        for i in found:
            labels[i] = cells[1]
        if not found:
            unmatched.append(f"line {number}: {cells[0]}")
    return unify_spelling(labels), unmatched


def unify_spelling(names: Sequence[str | None]) -> list[str | None]:
    """Replace names that differ in case or space by the most frequent spelling.

    >>> unify_spelling(["Rush", "RUSH", None, "Rush"])
    ['Rush', 'Rush', None, 'Rush']
    """
    spellings: dict[str, Counter[str]] = {}
    for name in names:
        if name and name.strip():
            spellings.setdefault(fold(name), Counter())[name.strip()] += 1
    chosen = {key: count.most_common(1)[0][0] for key, count in spellings.items()}
    return [chosen.get(fold(name)) if name else None for name in names]
