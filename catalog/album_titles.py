"""Titles of albums: the disc and the edition that a title or a folder's name gives."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

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
