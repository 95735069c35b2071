"""Label rules, which give a track its label: artist, genre, decade, tag or list."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from catalog.database import Catalog
from catalog.datasets import Library, TrackRow, tag_values
from catalog.names import fold, is_nobody
from classify.exceptions import BadLabelRuleError


def artist_of(track: TrackRow) -> str | None:
    """Return whom a track is filed under, or its first artist who is anybody.

    On a compilation, whose album artist names nobody, it is the track's own artist.
    """
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


def apply_rule(rule: str, tracks: Sequence[TrackRow]) -> list[str | None]:
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


def load_labels(
    catalog: Catalog, library: Library, rule: str
) -> tuple[list[str | None], list[str]]:
    """Return the label of each track of a library, and what of a rule matches nothing.

    Raises
    ------
    BadLabelRuleError
        The rule is none, its file cannot be read, or no track has the tag.
    """
    check_rule(rule)
    if rule.startswith(TAG):
        values = tag_values(catalog, rule.removeprefix(TAG))
        if not values:
            raise BadLabelRuleError(
                f"--label {rule}: no track has a tag of this name; the catalog's table "
                "raw_tags holds those there are"
            )
        return unify_spelling([values.get(track.id) for track in library.tracks]), []
    if not rule.startswith(CSV):
        return apply_rule(rule, library.tracks), []
    path = Path(rule.removeprefix(CSV))
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return match_lines(csv.reader(lines), library.tracks)
    except OSError as error:
        raise BadLabelRuleError(
            f"--label {rule}: cannot be read ({error.strerror}); check the path"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadLabelRuleError(
            f"--label {rule}: cannot be read ({error}); give a CSV file in UTF-8"
        ) from error


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
