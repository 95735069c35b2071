"""Rules by which the tracks of a folder are albums, and whose albums they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from catalog.album_facts import MAIN_SHARE, Entry, Part, split_disc, year_of_most
from catalog.names import (
    VARIOUS,
    Artist,
    Credit,
    fold,
    is_doubtful,
    is_nobody,
    is_placeholder,
    name_key,
    names_in_company,
    without_guests,
)

# An album is what is shown: its title as tagged, without the disc. A group is what the
# evaluation keeps on one side of every split: where it is not plain that albums are
# other music, they are one group. The rules stand with their reasons in
# docs/catalog.md. The tracks of a folder become parts here, each of one title, one
# artist and one year; parts become albums and groups in catalog/album_groups.py.
NOBODY = Artist(VARIOUS, fold(VARIOUS))


@dataclass(slots=True)
class FolderAlbums:
    """What the tracks of one folder are.

    Attributes
    ----------
    parts : list of Part
    links : list of (Part, Part)
        Parts that are shown apart but may well be one album.
    loose : list of Entry
        Tracks without an album.
    """

    parts: list[Part] = field(default_factory=list)
    links: list[tuple[Part, Part]] = field(default_factory=list)
    loose: list[Entry] = field(default_factory=list)


def albums_of_folder(
    entries: Sequence[Entry], artists: Mapping[Credit, Artist]
) -> FolderAlbums:
    """Return the parts of albums that the tracks of one album's folder are.

    Parameters
    ----------
    entries : sequence of Entry
        In a fixed order, as by path.
    artists : mapping of Credit to Artist
        Of all credits in the library.
    """
    found = FolderAlbums()
    doubtful = _name_titles(entries)
    piles: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.title is None:
            found.loose.append(entry)
        else:
            piles[name_key(entry.title)].append(entry)
    for key, pile in piles.items():
        parts, links = _split_by_artist(pile, artists, whole=len(pile) == len(entries))
        for part in parts:
            part.doubtful_disc = doubtful.get(key)
            found.parts += _split_by_year(part)
        found.links += links
    found.links += _discs_with_titles(found.parts)
    return found


def _name_titles(entries: Sequence[Entry]) -> dict[str, tuple[str, int]]:
    """Set title and disc of each track; return the titles that may name a disc."""
    tagged = [fold(e.facts.album) if e.facts.album else "" for e in entries]
    # "?" or "-" is a title where every track of the folder has it.
    agreed = len(tagged) > 1 and len(set(tagged)) == 1
    families: defaultdict[str, defaultdict[int, list[Entry]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for entry in entries:
        album = entry.facts.album or ""
        mark = None
        if not is_placeholder(album) or (agreed and is_doubtful(album)):
            entry.title, mark = split_disc(album)
        sure = (one.number for one in (mark, entry.folder_disc) if one and one.is_sure)
        entry.disc = entry.facts.disc_number or next(sure, None)
        if entry.title and mark is not None and not mark.is_sure:
            families[fold(entry.title)][mark.number].append(entry)
    doubtful: dict[str, tuple[str, int]] = {}
    for title, by_number in families.items():
        discs = [number for number in by_number if _is_disc(number, by_number)]
        for number, members in by_number.items():
            for entry in members:
                if number in discs:
                    entry.disc = entry.facts.disc_number or number
                else:
                    entry.title = str(entry.facts.album).strip()
                    doubtful[name_key(entry.title)] = title, number
    return doubtful


def _is_disc(number: int, by_number: Mapping[int, Sequence[Entry]]) -> bool:
    """Tell whether "LP 2" and the like are discs, from the tracks of each number."""
    members = by_number[number]
    if all(e.folder_disc and e.folder_disc.number == number for e in members):
        return True
    several = len(by_number) > 1 or number > 1 or _is_of_several(members)
    if several and all(entry.facts.disc_number == number for entry in members):
        return True
    # Counted from one, of one year, and the numbers of the tracks begin anew.
    years = {e.facts.year for one in by_number.values() for e in one} - {None}
    numbers = [{e.number for e in one if e.number} for one in by_number.values()]
    return (
        len(by_number) > 1
        and set(by_number) == set(range(1, len(by_number) + 1))
        and len(years) <= 1
        and all(one & other for one, other in combinations(numbers, 2))
    )


def _is_of_several(entries: Iterable[Entry]) -> bool:
    """Tell whether the tags of all tracks count more than one disc."""
    return all((entry.facts.disc_total or 0) > 1 for entry in entries)


def _split_by_artist(
    pile: list[Entry], artists: Mapping[Credit, Artist], *, whole: bool
) -> tuple[list[Part], list[tuple[Part, Part]]]:
    """Divide tracks of one folder and title by whose album they are."""
    named: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in pile:
        if entry.facts.albumartist is not None:
            named[artists[entry.facts.albumartist].key].append(entry)
    if not named:
        return _split_unnamed(pile, artists)
    known = {a.key: a for e in pile if (a := _albumartist(e, artists)) is not None}
    for entry in pile:
        if entry.facts.albumartist is None:
            main = _main_artist(entry, artists)
            if len(known) == 1:
                (key,) = known
            else:
                key = main.key if main and main.key in known else NOBODY.key
            named[key].append(entry)
    parts = [
        Part(pile[0].folder, entries, known.get(key, NOBODY))
        for key, entries in named.items()
    ]
    # Album artists that change from track to track, the numbers going on: a
    # compilation whose tags name the artist twice.
    one = _is_numbered(pile) if any(e.number for e in pile) else whole
    return parts, list(pairwise(parts)) if one else []


def _split_unnamed(
    pile: list[Entry], artists: Mapping[Credit, Artist]
) -> tuple[list[Part], list[tuple[Part, Part]]]:
    """Divide tracks of one folder and title that name no album artist."""
    folder = pile[0].folder
    if any(entry.facts.compilation for entry in pile):
        return [Part(folder, pile, NOBODY)], []
    playing: defaultdict[str, list[Entry]] = defaultdict(list)
    mains = {entry: _main_artist(entry, artists) for entry in pile}
    known = {main.key: main for main in mains.values() if main is not None}
    for entry, main in mains.items():
        if main is not None:
            alone = (key for key in names_in_company(main.key) if key in known)
            playing[next(alone, main.key)].append(entry)
    if not playing:
        return [Part(folder, pile)], []
    most = max(playing, key=lambda key: (len(playing[key]), key))
    total = sum(map(len, playing.values()))
    if len(playing) == 1:
        return [Part(folder, pile, known[most])], []
    if own := _own_albums(playing):
        return _with_the_rest(pile, {key: playing[key] for key in own}, known)
    main_artist = known[most] if len(playing[most]) >= MAIN_SHARE * total else NOBODY
    return [Part(folder, pile, main_artist)], []


def _main_artist(entry: Entry, artists: Mapping[Credit, Artist]) -> Artist | None:
    """Return the first artist of a track without guests, if it is anybody."""
    for credit in entry.facts.artists:
        artist = artists[credit]
        if is_nobody(artist.name):
            continue
        name = without_guests(artist.name)
        return artist if name == artist.name else Artist(name, name_key(name))
    return None


def _albumartist(entry: Entry, artists: Mapping[Credit, Artist]) -> Artist | None:
    credit = entry.facts.albumartist
    return None if credit is None else artists[credit]


def _own_albums(playing: Mapping[str, list[Entry]]) -> list[str]:
    """Return the artists each of whom has an album of this title in one folder.

    Each one's tracks are numbered like an album's and the numbers begin anew; without
    numbers, each one's tracks have one year and no two artists the same.
    """
    tracks = sum(map(len, playing.values()))
    whole = [key for key, entries in playing.items() if _is_numbered(entries)]
    if _all_collide([playing[key] for key in whole]):
        covered = sum(len(playing[key]) for key in whole)
        if len(whole) > 1 and covered >= MAIN_SHARE * tracks:
            return whole
    if any(e.number for entries in playing.values() for e in entries):
        return []
    years = [year_of_most(entries) for entries in playing.values()]
    dated = None not in years and len(set(years)) == len(years)
    return list(playing) if dated and min(map(len, playing.values())) > 1 else []


def _with_the_rest(
    pile: list[Entry], own: dict[str, list[Entry]], known: Mapping[str, Artist]
) -> tuple[list[Part], list[tuple[Part, Part]]]:
    """Give the tracks of others to the albums where their numbers are lacking."""
    parts = [Part(pile[0].folder, list(e), known[key]) for key, e in own.items()]
    taken = {id(entry) for entries in own.values() for entry in entries}
    rest = [entry for entry in pile if id(entry) not in taken]
    undecided = []
    for entry in rest:
        free = [p for p in parts if entry.place not in {e.place for e in p.entries}]
        same_year = [p for p in free if p.year == entry.facts.year]
        if len(free) == 1 or len(same_year) == 1:
            (free if len(free) == 1 else same_year)[0].entries.append(entry)
        else:
            undecided.append(entry)
    if not undecided:
        return parts, []
    parts.append(Part(pile[0].folder, undecided, NOBODY))
    return parts, list(pairwise(parts))


def _split_by_year(part: Part) -> list[Part]:
    """Divide two albums of one title and artist that lie in one folder."""
    by_year: defaultdict[int | None, list[Entry]] = defaultdict(list)
    for entry in part.entries:
        by_year[entry.facts.year].append(entry)
    if (
        len(by_year) == 1
        or None in by_year
        or not all(map(_is_numbered, by_year.values()))
        or not _all_collide(list(by_year.values()))
    ):
        return [part]
    return [
        Part(part.folder, entries, part.artist, part.doubtful_disc)
        for _, entries in sorted(by_year.items())
    ]


def _discs_with_titles(parts: Sequence[Part]) -> list[tuple[Part, Part]]:
    """Link parts in one folder that are other discs under titles of their own."""
    by_artist: defaultdict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if part.discs:
            by_artist[part.artist.key if part.artist else ""].append(part)
    return [
        (one, other)
        for several in by_artist.values()
        for one, other in pairwise(sorted(several, key=lambda part: min(part.discs)))
        if not one.discs & other.discs and _is_set(one, other)
    ]


def _is_set(one: Part, other: Part) -> bool:
    """Tell whether two parts of a folder are discs of one set, by folder or tag."""
    entries = (*one.entries, *other.entries)
    return all(entry.folder_disc for entry in entries) or _is_of_several(entries)


def _is_numbered(entries: Collection[Entry]) -> bool:
    """Tell whether tracks are numbered as those of one album are, gaps allowed."""
    if any(entry.number is None for entry in entries):
        return False
    titles = {
        (entry.place, fold(entry.facts.title or ""), entry.facts.artists[:1])
        for entry in entries
    }
    places = {place for place, _, _ in titles}
    highest: Counter[int] = Counter()
    for disc, number in places:
        highest[disc] = max(highest[disc], number or 0)
    return (
        len(places) > 1
        and len(places) == len(titles)  # the same track in two formats counts once
        and 2 * len(places) >= highest.total()
    )


def _all_collide(parts: Sequence[Iterable[Entry]]) -> bool:
    """Tell whether the numbers of tracks begin anew with each part."""
    places = [{entry.place for entry in part} for part in parts]
    if len(places) > 1 and set.intersection(*places):  # mostly it is the first track
        return True
    return all(one & other for one, other in combinations(places, 2))


def is_like_an_album(entries: Sequence[Entry]) -> bool:
    """Tell whether tracks without an album's title are numbered like one."""
    return len(entries) > 2 and _is_numbered(entries)


def main_key(entry: Entry, artists: Mapping[Credit, Artist]) -> str:
    """Return the key of the artist that a track without an album goes by, or ""."""
    artist = _albumartist(entry, artists) or _main_artist(entry, artists)
    return "" if artist is None else artist.key
