"""Facts of a track's album in titles, folders and tags: its disc, edition, place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from catalog.names import Artist, Credit, fold, most_frequent_spelling

# A word of the first kind with a number at the end of a title means a disc. One of the
# second kind may as well belong to the title: "The Marshall Mathers LP 2", "Disco 2".
_SURE = r"cd|dis[ck]|dvd"
_DOUBTFUL = r"lp|vinyl|disco|disque|record|tape|cassette"
_NUMBERS = {
    name: place + 1
    for names in (
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
        ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"),
    )
    for place, name in enumerate(names)
}
_NUMBER = r"\d{1,2}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
_MARK = (
    rf"(?P<word>{_SURE}|{_DOUBTFUL})[\s.#:_-]*(?P<number>{_NUMBER})\b"
    r"(?:\s*(?:of|/)\s*(?P<total>\d{1,2})\b)?"
)
_IN_BRACKETS = re.compile(rf"[(\[{{]\s*{_MARK}[^()\[\]{{}}]*[)\]}}]\s*$", re.IGNORECASE)
_AT_THE_END = re.compile(
    rf"(?<![^\s,;:/_-]){_MARK}(?:\s*:\s.*|\s+[-\u2013\u2014]\s.*)?\s*$", re.IGNORECASE
)
_FOLDER = re.compile(rf"{_MARK}(?P<rest>.*)$", re.IGNORECASE)
_SEPARATORS = " \t,;:/-\u2013\u2014_"


class DiscMark(NamedTuple):
    """A disc as a title or a folder's name gives it.

    Attributes
    ----------
    number : int
    total : int or None
    is_sure : bool
        Whether the word before the number means a disc and nothing else.
    """

    number: int
    total: int | None
    is_sure: bool


@lru_cache(maxsize=1 << 14)
def split_disc(title: str) -> tuple[str, DiscMark | None]:
    """Return an album's title without the disc that it names at its end, and the disc.

    What follows the number, the disc's own title, goes with it. A title that is nothing
    but a disc stays whole.

    Examples
    --------
    >>> split_disc("Live Shit [Disc 2 of 3]")
    ('Live Shit', DiscMark(number=2, total=3, is_sure=True))
    >>> split_disc("The Marshall Mathers LP 2")[1].is_sure
    False
    >>> split_disc("Use Your Illusion II")
    ('Use Your Illusion II', None)
    """
    title = title.strip()
    found = _IN_BRACKETS.search(title) or _AT_THE_END.search(title)
    rest = title[: found.start()].rstrip(_SEPARATORS) if found else ""
    if found is None or not rest:
        return title, None
    return rest, _mark(found)


def _mark(found: re.Match[str]) -> DiscMark:
    number = found["number"].lower()
    return DiscMark(
        number=_NUMBERS.get(number) or int(number),
        total=int(found["total"]) if found["total"] else None,
        is_sure=re.fullmatch(_SURE, found["word"], re.IGNORECASE) is not None,
    )


def disc_in_title(title: str) -> tuple[int, int | None] | None:
    """Return the disc that a title surely names, and how many there are.

    Examples
    --------
    >>> disc_in_title("Garage Inc. (CD 2)"), disc_in_title("Live [Disc 1/3]")
    ((2, None), (1, 3))
    >>> disc_in_title("2112"), disc_in_title("American Football (LP2)")
    (None, None)
    """
    mark = split_disc(title)[1]
    return (mark.number, mark.total) if mark is not None and mark.is_sure else None


@lru_cache(maxsize=1 << 14)
def split_disc_folder(name: str) -> tuple[str, DiscMark | None]:
    """Return a folder's name without the disc that it stands for, and the disc.

    Examples
    --------
    >>> split_disc_folder("CD 2 - Live")[0], split_disc_folder("Set (CD 2)")[0]
    ('', 'Set')
    >>> split_disc_folder("LP2")[0], split_disc_folder("American Football LP2")[0]
    ('', 'American Football LP2')
    """
    name = name.strip()
    found = _FOLDER.match(name)
    if found is not None:
        mark = _mark(found)
        if not found["rest"].strip() or (mark.is_sure and found["rest"][0] in " -_([,"):
            return "", mark
    rest, at_the_end = split_disc(name)
    if at_the_end is None or not at_the_end.is_sure:
        return name, None
    return rest, at_the_end


_COUNTRIES = (
    r"japan(?:ese)?|usa?|u\.s\.(?:a\.)?|american|uk|u\.k\.|british|eur?|europe(?:an)?"
    r"|german[y]?|deutschland|french|france|canad(?:a|ian)|australian?|brazil(?:ian)?"
    r"|ital(?:y|ian)|russian?|mexic(?:o|an)|korean?|taiwan(?:ese)?|dutch|holland"
)
_WORDS = (
    r"live|re-?master(?:ed|s|ing|is\u00e9e?|izado|isiert)?|rimasterizzat[oa]"
    r"|re-?mix(?:ed|es)?|(?:\d{4} )?mix(?:es)?|deluxe|de luxe|expanded|anniversary"
    r"|collector'?s|special|limited|legacy|bonus|demos?|unplugged|acoustic"
    r"|instrumentals?|re-?issued?|re-?releas(?:e|ed)|neuauflage|auflage|ausgabe"
    r"|\w*edition|\u00e9dition|edici\u00f3n|edi\u00e7\u00e3o|edizione|editie|utg\u00e5va"
    r"|versions?|mono|stereo|quad|surround|5\.1|atmos|explicit|clean|censored|uncensored"
    r"|edited|unabridged|import|pressing|promo"
    # encodings, media and houses of re-issues
    r"|flac|mp3|aac|alac|ogg|opus|wav|ape|wv|m4a|dsd\d*|itunes|bandcamp|web|lossless"
    r"|(?:cd|vinyl|lp|sacd)[ -]?rip|needle ?drop|vinyl|sacd|hdcd|xrcd\d*|k2hd|hqcd"
    r"|uhqcd|shm-?(?:cd|sacd)|blu-?spec(?: cd)?\d*|mini[ -]?lp|gold cd"
    r"|mfsl|mofi|mobile fidelity(?: sound lab)?|dcc|audio fidelity|afz|analogue"
    r"|hi-?res|hd|hdtracks|qobuz|tidal|v0|v2|320|\d{2,4} ?k(?:bps|bit/s)?"
    r"|(?:16|24|32) ?-? ?bits?|(?:16|24|32) ?[-/_x] ?(?:44|48|88|96|176|192)\S*"
    r"|\d+(?:\.\d+)? ?khz|\d{1,2} ?x? ?(?:cd|lp|dvd|vinyl)s?"
)
_EDITION = re.compile(rf"(?<!\w)(?:{_WORDS})(?!\w)", re.IGNORECASE)
# With nothing else in the brackets, as "(Japan)" and "(2011)"; elsewhere it is a title.
_EDITION_ALONE = re.compile(
    rf"(?:{_COUNTRIES}|(?:19|20)\d\d)(?:[\s,/-]+(?:{_COUNTRIES}|(?:19|20)\d\d|release"
    r"|cd|lp))*",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]\s*$")
_TAIL = re.compile(r"(?s:.*\S)(?P<mark>(?:\s+[-/\u2013]|\s*:)\s+(?P<words>.*))$")
_OF_SALE = ("single", "ep")  # after a dash: shops add it to the title
_YEAR = r"(?:19|20)\d\d"
_KINDS = (
    r"super|deluxe|expanded|anniversary|collector'?s|special|limited|legacy|bonus|track"
    r"|tour|platinum|gold|golden|diamond|complete|ultimate|enhanced|extended|definitive"
    r"|original|digital(?:ly)?|international|standard|\d+(?:st|nd|rd|th)"
)
_BARE = re.compile(
    rf"\s+(?:(?:the|{_KINDS}|{_YEAR})\s+)*(?:deluxe|edition|\w{{4,}}edition|re-?issue"
    r"|re-?master(?:ed)?|(?:track|deluxe|expanded|extended|special)\s+version)"
    r"(?:\s+(?:19|20)\d\d)?\s*$",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(rf"\W*(?:the|a|{_KINDS})?\W*", re.IGNORECASE)


@lru_cache(maxsize=1 << 14)
def original_title(title: str) -> str:
    """Return an album's title without the words that mark an edition or a disc of it.

    Examples
    --------
    >>> original_title("Master of Puppets (Deluxe Box Set) [Remastered]")
    'Master of Puppets'
    >>> original_title("Abbey Road [24-96]"), original_title("Abbey Road (Japan)")
    ('Abbey Road', 'Abbey Road')
    >>> original_title("Live After Death"), original_title("Weezer (Blue Album)")
    ('Live After Death', 'Weezer (Blue Album)')
    """
    title = title.strip()
    while True:
        rest, mark = split_disc(title)
        if mark is None or not mark.is_sure:
            rest = _without_edition(title)
        if rest == title:
            return title
        title = rest


def bare_title(title: str) -> str:
    """Return an album's title without whatever stands in brackets at its end.

    Examples
    --------
    >>> bare_title("Mutter (Sonderausgabe) [24-96]"), bare_title("(What's the Story)")
    ('Mutter', "(What's the Story)")
    """
    title = original_title(title)
    while (found := _BRACKET.search(title)) and found.start():
        title = title[: found.start()].rstrip(_SEPARATORS) or title[: found.start()]
    return title


def _without_edition(title: str) -> str:
    """Remove one mark of an edition at the end, unless nothing would be left."""
    bracket, tail = _BRACKET.search(title), _TAIL.match(title)
    bare = _BARE.search(title)
    ends: list[int] = []
    if bracket is not None and _is_edition(bracket[1]):
        ends.append(bracket.start())
    if tail is not None and (
        _EDITION.search(tail["words"]) or tail["words"].lower() in _OF_SALE
    ):
        ends.append(tail.start("mark"))
    if bare is not None:
        ends.append(bare.start())
    for end in ends:
        rest = title[:end].rstrip(_SEPARATORS)
        if not _NO_TITLE.fullmatch(rest):
            return rest
    return title


def _is_edition(inside: str) -> bool:
    return bool(_EDITION.search(inside) or _EDITION_ALONE.fullmatch(inside.strip()))


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


def count_credits(tracks: Iterable[TrackFacts]) -> Counter[Credit]:
    """Return how often each artist stands in the tags, spelled and numbered alike."""
    counts: Counter[Credit] = Counter()
    for track in tracks:
        counts.update(track.artists)
        if track.albumartist is not None:
            counts[track.albumartist] += 1
    return counts


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


_FOUR_DIGITS = re.compile(r"(?<!\d)(\d{4})(?!\d)")


def year_of(original_date: str | None, date: str | None) -> int | None:
    """Return the year of the original release, else of this one, else ``None``.

    Examples
    --------
    >>> year_of("1986-03-03", "2017"), year_of(None, "1988"), year_of("0000", None)
    (1986, 1988, None)
    """
    for text in (original_date, date):
        found = _FOUR_DIGITS.search(text or "")
        if found and int(found[1]) > 0:
            return int(found[1])
    return None
