"""The text of tags of any format, and the facts about a track that it means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from catalog.album_facts import disc_in_title
from catalog.mojibake import Latin1, judge_texts
from catalog.names import VARIOUS
from catalog.records import ENCODING, StreamFacts, TagFacts
from scanner.tags.text import (
    albumartist,
    genre_names,
    parse_date,
    real_album,
    real_title,
    split_names,
)

T = TypeVar("T")

_NUMBER = re.compile(
    r"\s*(\d{1,5})?(?:\.0+)?\s*(?:(?:/|of|\\)\s*(\d{1,5}))?\s*$", re.ASCII
)
_TRUE = frozenset(("1", "true", "yes", "y"))
_MOST = 9999
SEPARATORS = ("; ", ";", "\\\\", "\0")
"""What no artist's and no genre's name contains."""


_VALUE_LIMIT = 4096  # characters kept of one value: a title, not a novel
_PAIR_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class TagBlock:
    """The text of one tag.

    Attributes
    ----------
    kind : str
        A key of `scanner.tags.interpret.FACT_KEYS`: "ID3v2", "Vorbis", "MP4" ...
    pairs : tuple of (key, value)
        In file order; a key with several values comes several times. No pictures.
        Values are `Latin1` where the tag says so and `interpret` has to judge.
    """

    kind: str
    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, kind: str, pairs: Iterable[tuple[str, str]]) -> TagBlock:
        """Return a block of the pairs that hold text, cut to a sensible length."""
        kept: list[tuple[str, str]] = []
        for key, value in pairs:
            text = value.strip("\0 \t\r\n\ufeff")[:_VALUE_LIMIT]
            if text and len(kept) < _PAIR_LIMIT:
                name = _without_surrogates(key[:_VALUE_LIMIT])
                kind_of = Latin1 if isinstance(value, Latin1) else str
                kept.append((name, kind_of(_without_surrogates(text))))
        return cls(kind, tuple(kept))


def _without_surrogates(text: str) -> str:
    """Return text that any database takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")


Metadata = tuple[list[TagBlock], StreamFacts]
"""What a file's headers hold: its tags, best first, and the facts of its stream."""


def stream_facts(
    container: str, codec: str | None, info: object, **more: Any
) -> StreamFacts:
    """Return the facts of a mutagen stream info, 0 and absent read as not known.

    Parameters
    ----------
    container, codec : str
        As `StreamFacts` names them.
    info : mutagen.StreamInfo
    **more
        Further facts, which replace those of `info`.
    """
    values: dict[str, Any] = {
        "bitrate": _positive(info, "bitrate"),
        "sample_rate": _positive(info, "sample_rate"),
        "channels": _positive(info, "channels"),
        "bits_per_sample": _positive(info, "bits_per_sample"),
    }
    length = getattr(info, "length", None)
    values["duration_s"] = float(length) if length and length > 0 else None
    return StreamFacts(container=container, codec=codec, **(values | more))


def _positive(info: object, name: str) -> int | None:
    value = getattr(info, name, None)
    return int(value) if value and value > 0 else None


def _by_key(block: TagBlock) -> dict[str, list[tuple[str, str]]]:
    """Return the pairs of a block by their keys in lower case, in file order."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for pair in block.pairs:
        grouped.setdefault(pair[0].lower(), []).append(pair)
    return grouped


class _FactFinder:
    """The tags of one file, best first, and where each fact was found."""

    def __init__(self, blocks: Sequence[TagBlock]) -> None:
        self._blocks = [(block.kind, _by_key(block)) for block in blocks]
        self.sources: list[tuple[str, str]] = []

    def find(self, fact: str, read: Callable[[tuple[str, ...]], T | None]) -> T | None:
        """Return what the first key that says anything says of `fact`."""
        for source, values in self._candidates(fact):
            if values and (value := read(values)):
                self.sources.append((fact, source))
                return value
        return None

    def _candidates(self, fact: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        for kind, by_key in self._blocks:
            for key in FACT_KEYS[kind].get(fact, ()):
                if pairs := by_key.get(key):
                    source = f"{kind}:{pairs[0][0]}"
                    yield source, tuple(value for _, value in pairs)

    def number(self, fact: str) -> tuple[int | None, int | None]:
        """Return a number and its total, from "3", "3/12" and the total's own key."""
        both = self.find(f"{fact}_number", lambda values: _pair(values[0]))
        if both is None:
            return None, self._total(fact)
        number, total = both
        _, source = self.sources.pop()
        if number:
            self.sources.append((f"{fact}_number", source))
        if total:
            self.sources.append((f"{fact}_total", source))
        return number, total or self._total(fact)

    def _total(self, fact: str) -> int | None:
        alone = self.find(f"{fact}_total", lambda values: _pair(values[0]))
        return alone[0] if alone else None


def interpret(
    blocks: Sequence[TagBlock], artist_separators: tuple[str, ...] = ()
) -> TagFacts:
    """Return the facts that the tags of one file give.

    Parameters
    ----------
    blocks : sequence of TagBlock
        Best first: a fact is taken from the first tag that gives it, so that an ID3v1
        tag with its 30 characters speaks only where ID3v2 is silent.
    artist_separators : tuple of str
        What stands between two artists in one value, besides what no name contains:
        "AC/DC", "Earth, Wind & Fire" and "A feat. B" stay whole without any.
    """
    separators = SEPARATORS + artist_separators
    blocks, encoding = _judged(blocks)
    facts = _FactFinder(blocks)
    if encoding:
        facts.sources.append((ENCODING, encoding))
    album = facts.find("album", lambda values: _first(real_album, values))
    disc_number, disc_total = facts.number("disc")
    if disc_number is None and album and (disc := disc_in_title(album)):
        disc_number, disc_total = disc[0], disc[1] or disc_total
        facts.sources.append(("disc_number", "album title"))
    track_number, track_total = facts.number("track")
    album_artist = facts.find("albumartist", lambda values: _joined(values, separators))
    compilation = facts.find("compilation", lambda values: values[0].lower() in _TRUE)
    if album_artist == VARIOUS and not compilation:
        compilation = True
        facts.sources.append(("compilation", "albumartist"))
    return TagFacts(
        title=facts.find("title", lambda values: _first(real_title, values)),
        artists=facts.find("artists", lambda values: split_names(values, separators))
        or (),
        albumartist=album_artist,
        album=album,
        track_number=track_number,
        track_total=track_total,
        disc_number=disc_number,
        disc_total=disc_total,
        date=facts.find("date", lambda values: _first(parse_date, values)),
        original_date=facts.find(
            "original_date", lambda values: _first(parse_date, values)
        ),
        genres=facts.find("genres", _genres) or (),
        compilation=bool(compilation),
        raw=tuple(_raw(blocks)),
        sources=tuple(facts.sources),
    )


def _judged(blocks: Sequence[TagBlock]) -> tuple[Sequence[TagBlock], str]:
    """Return the tags of a file with their Latin-1 text as it was meant."""
    texts = [v for b in blocks for _, v in b.pairs if isinstance(v, Latin1)]
    if all(text.isascii() for text in texts):
        return blocks, ""
    judgement = judge_texts(texts)
    meant = iter(judgement.texts)
    judged = [
        replace(
            block,
            pairs=tuple(
                (key, str(next(meant)) if isinstance(value, Latin1) else value)
                for key, value in block.pairs
            ),
        )
        for block in blocks
    ]
    return judged, judgement.encoding


def _first(read: Callable[[str], T | None], values: Sequence[str]) -> T | None:
    return next((found for value in values if (found := read(value))), None)


def _joined(values: tuple[str, ...], separators: tuple[str, ...]) -> str | None:
    """Return one album artist: of several, all of them, as one name."""
    names = split_names(values, separators)
    return albumartist("; ".join(names)) if names else None


def _genres(values: tuple[str, ...]) -> tuple[str, ...]:
    parts = split_names(values, SEPARATORS)
    return split_names(name for part in parts for name in genre_names(part))


def _pair(text: str) -> tuple[int | None, int | None] | None:
    if not (found := _NUMBER.match(text)):
        return None
    number, total = (int(part) if part else 0 for part in found.groups())
    pair = (
        number if 0 < number <= _MOST else None,
        total if 0 < total <= _MOST else None,
    )
    return None if pair == (None, None) else pair


def _raw(blocks: Sequence[TagBlock]) -> Iterator[tuple[str, str]]:
    """Yield every pair; the keys of all but the best tag say which tag they are of."""
    for place, block in enumerate(blocks):
        prefix = f"{block.kind}:" if place else ""
        for key, value in block.pairs:
            yield prefix + key, value


Keys = dict[str, tuple[str, ...]]

_APE_STYLE: Final[Keys] = {
    "title": ("title",),
    "artists": ("artists", "artist"),
    "albumartist": ("albumartist", "album artist", "album_artist", "ensemble"),
    "album": ("album",),
    "track_number": ("tracknumber", "track", "part_number"),
    "track_total": ("tracktotal", "totaltracks", "total_parts"),
    "disc_number": ("discnumber", "disc"),
    "disc_total": ("disctotal", "totaldiscs"),
    "date": ("date", "year", "date_released", "releasedate", "release date"),
    "original_date": (
        *("originaldate", "original date", "original release date"),
        *("originalreleasedate", "originalyear", "original year"),
        *("origyear", "origdate"),
    ),
    "genres": ("genre",),
    "compilation": ("compilation", "itunescompilation"),
}

FACT_KEYS: Final[dict[str, Keys]] = {
    "ID3v2": {
        "title": ("tit2",),
        "artists": ("txxx:artists", "tpe1"),
        "albumartist": ("tpe2", "txxx:albumartist", "txxx:album artist"),
        "album": ("talb",),
        "track_number": ("trck",),
        "track_total": ("txxx:tracktotal", "txxx:totaltracks"),
        "disc_number": ("tpos",),
        "disc_total": ("txxx:disctotal", "txxx:totaldiscs"),
        "date": ("tdrc", "tyer+tdat", "tyer", "tdrl", "txxx:date", "txxx:year"),
        "original_date": (
            *("tdor", "txxx:originaldate", "txxx:originalyear", "tory"),
            *("txxx:original year", "txxx:origyear"),
        ),
        "genres": ("tcon",),
        "compilation": ("tcmp", "txxx:compilation"),
    },
    "ID3v1": {
        "title": ("title",),
        "artists": ("artist",),
        "album": ("album",),
        "track_number": ("track",),
        "date": ("year",),
        "genres": ("genre",),
    },
    "Vorbis": _APE_STYLE,
    "APEv2": _APE_STYLE,
    "Matroska": _APE_STYLE,
    "libav": _APE_STYLE,
    "MP4": {
        "title": ("©nam",),
        "artists": ("----:com.apple.itunes:artists", "©art"),
        "albumartist": ("aart", "----:com.apple.itunes:albumartist"),
        "album": ("©alb",),
        "track_number": ("trkn",),
        "disc_number": ("disk",),
        "date": ("©day", "----:com.apple.itunes:date", "----:com.apple.itunes:year"),
        "original_date": (
            "----:com.apple.itunes:originaldate",
            "----:com.apple.itunes:original date",
            "----:com.apple.itunes:originalyear",
            "----:com.apple.itunes:original year",
        ),
        "genres": ("©gen",),
        "compilation": ("cpil",),
    },
    "ASF": {
        "title": ("title",),
        "artists": ("wm/artists", "author", "wm/author"),
        "albumartist": ("wm/albumartist",),
        "album": ("wm/albumtitle",),
        "track_number": ("wm/tracknumber",),
        "track_total": ("tracktotal", "totaltracks"),
        "disc_number": ("wm/partofset",),
        "disc_total": ("disctotal",),
        "date": ("wm/year", "wm/date"),
        "original_date": (
            *("wm/originalreleasetime", "wm/originalreleaseyear"),
            *("originaldate", "originalyear"),
        ),
        "genres": ("wm/genre",),
        "compilation": ("wm/iscompilation",),
    },
    "RIFF": {
        "title": ("inam",),
        "artists": ("iart",),
        "albumartist": ("iaar",),
        "album": ("iprd",),
        "track_number": ("itrk", "iprt", "trck"),
        "date": ("icrd", "year"),
        "genres": ("ignr",),
    },
}
