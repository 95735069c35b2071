"""Tracks in their folders, and the parts of albums that they make up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from catalog.album_titles import DiscMark, original_title, split_disc_folder
from catalog.names import Artist, Credit, fold, most_frequent_spelling

MAIN_SHARE = 0.75  # of an album's tracks are "nearly all"
_LEADING_NUMBER = re.compile(r"(?:\d[-.])?(\d{1,3})(?!\d)")
_NO_TRACK_TITLE = re.compile(
    r"(?:(?:audio)?\s*track|titel|piste|pista|spur)?\W*\d{1,2}", re.IGNORECASE
)


class TrackFacts(NamedTuple):
    """The facts of one track that tell its album.

    Attributes
    ----------
    id, root_id : int
    path : str
        Below the root, its folders parted by "/".
    payload_hash : str
        Equal for files with the same audio.
    title, album : str or None
        As tagged, placeholders included.
    albumartist : Credit or None
        As tagged.
    artists : tuple of Credit
    compilation : bool
    disc_number, disc_total, track_number, year : int or None
    release_id, release_group_id : str or None
        MusicBrainz's.
    """

    id: int
    root_id: int
    path: str
    payload_hash: str
    title: str | None = None
    album: str | None = None
    albumartist: Credit | None = None
    artists: tuple[Credit, ...] = ()
    compilation: bool = False
    disc_number: int | None = None
    disc_total: int | None = None
    track_number: int | None = None
    year: int | None = None
    release_id: str | None = None
    release_group_id: str | None = None


Folder = tuple[int, str]  # root id, path below it; the folders of discs are one


@dataclass(slots=True, eq=False)
class Entry:
    """A track in its folder.

    Attributes
    ----------
    facts : TrackFacts
    folder : Folder
        The album's: ``Set`` for ``Set/CD 1`` and for ``Set (CD 1)``.
    folder_disc : DiscMark or None
        The disc that the track's own folder stands for.
    number : int or None
        As tagged, else as the file's name begins.
    title : str or None
        The album's, without the disc; None where the track has no album.
    disc : int or None
        As tagged, else of the title, else of the folder.
    """

    facts: TrackFacts
    folder: Folder
    folder_disc: DiscMark | None
    number: int | None
    title: str | None = None
    disc: int | None = None

    @property
    def place(self) -> tuple[int, int | None]:
        """Disc and number: no two tracks of one album share them."""
        return self.disc or 0, self.number


@dataclass(eq=False)
class Part:
    """Tracks of one folder with one title, one artist and, where split, one year.

    Attributes
    ----------
    folder : Folder
    entries : list of Entry
    artist : Artist or None
        None where the tags name no artist at all.
    doubtful_disc : tuple of (str, int), or None
        Title and number where the title ends like "LP 2" and there is no evidence for a
        disc.
    """

    folder: Folder
    entries: list[Entry]
    artist: Artist | None = None
    doubtful_disc: tuple[str, int] | None = None

    @cached_property
    def title(self) -> str:
        """The title to show, in its most frequent spelling."""
        return most_frequent_spelling(Counter(e.title for e in self.entries if e.title))

    @cached_property
    def year(self) -> int | None:
        """The year of nearly all tracks; None where there is no such year."""
        return year_of_most(self.entries)

    @cached_property
    def years(self) -> tuple[int, ...]:
        """All years of its tracks, in order."""
        return tuple(sorted({e.facts.year for e in self.entries if e.facts.year}))

    @cached_property
    def track_titles(self) -> frozenset[str]:
        """The titles of its tracks, without takes and versions."""
        return frozenset(
            fold(original_title(title))
            for e in self.entries
            if (title := e.facts.title) and not _NO_TRACK_TITLE.fullmatch(title)
        )

    @cached_property
    def discs(self) -> frozenset[int]:
        """The discs of its tracks, as far as they are known."""
        return frozenset(e.disc for e in self.entries if e.disc is not None)

    @cached_property
    def release_ids(self) -> frozenset[str]:
        """MusicBrainz's ids of its releases."""
        return frozenset(i for e in self.entries if (i := e.facts.release_id))

    @cached_property
    def release_group_ids(self) -> frozenset[str]:
        """MusicBrainz's ids of its release groups."""
        return frozenset(i for e in self.entries if (i := e.facts.release_group_id))


def entry_of(track: TrackFacts) -> Entry:
    """Return a track with the album's folder that it lies in."""
    folder, _, name = track.path.rpartition("/")
    parent, _, last = folder.rpartition("/")
    rest, mark = split_disc_folder(last)
    if mark is not None:
        folder = f"{parent}/{rest}" if parent and rest else parent or rest
    number = track.track_number
    if number is None and (found := _LEADING_NUMBER.match(name)):
        number = int(found[1]) or None
    return Entry(track, (track.root_id, folder), mark, number)


def year_of_most(entries: Collection[Entry]) -> int | None:
    """Return the year that nearly all tracks have; None where there is none such."""
    years = Counter(entry.facts.year for entry in entries if entry.facts.year)
    if not years:
        return None
    year = max(years, key=lambda one: (years[one], -one))
    return year if years[year] >= MAIN_SHARE * years.total() else None


_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")


def year_of(original_date: str | None, date: str | None) -> int | None:
    """Return the year of the original release, else of this one, else ``None``.

    Examples
    --------
    >>> year_of("1986-03-03", "2017"), year_of(None, "1988"), year_of("0000", None)
    (1986, 1988, None)
    """
    for text in (original_date, date):
        found = _YEAR.search(text or "")
        if found and int(found[1]) > 0:
            return int(found[1])
    return None
