"""Albums and groups of a whole library, from the parts that its folders hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from catalog.album_facts import (
    Entry,
    Folder,
    Part,
    TrackFacts,
    bare_title,
    count_credits,
    entry_of,
    original_title,
)
from catalog.album_rules import (
    NOBODY,
    FolderAlbums,
    albums_of_folder,
    is_like_an_album,
    main_key,
)
from catalog.names import (
    Artist,
    Credit,
    artists_of_credits,
    fold,
    most_frequent_spelling,
    name_key,
    names_in_company,
    without_guests,
)

_KNOWN_TITLES = 2  # so many, and whether two albums share music can be told
_HALF = 0.5
_MANY = 64  # parts of one title: beyond, they are one group without a closer look


class Album(NamedTuple):
    """An album as the catalog keeps it; equal keys mean the same album."""

    albumartist: str | None
    title: str
    key: str
    group_key: str


class Grouping(NamedTuple):
    """Where a track belongs.

    Attributes
    ----------
    artist : Artist or None
        Whom it is filed under.
    albumartist : str or None
        Whose album it is, where its own tags do not say.
    album : Album or None
    group_key : str
    disc : int or None
    """

    artist: Artist | None
    albumartist: str | None
    album: Album | None
    group_key: str
    disc: int | None


class DisjointSets:
    """Sets of numbers that only ever grow together (union-find).

    References
    ----------
    .. [1] Tarjan, "Efficiency of a good but not linear set union algorithm", 1975.
    """

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def find(self, number: int) -> int:
        """Return the least number of the set that a number is in."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Make the sets of two numbers one."""
        low, high = sorted((self.find(one), self.find(other)))
        self._parents[high] = low


def group_tracks(
    tracks: Iterable[TrackFacts],
    same_music: Iterable[tuple[int, int]] = (),
    artists: Mapping[Credit, Artist] | None = None,
) -> dict[int, Grouping]:
    """Return album and group of every track of a library.

    Parameters
    ----------
    tracks : iterable of TrackFacts
        In any order: it makes no difference.
    same_music : iterable of (int, int)
        Ids of tracks that are one recording by other evidence, as by fingerprint: the
        groups of each pair become one.
    artists : mapping of Credit to Artist, or None
        Of all credits; None to find out.

    Returns
    -------
    dict of int to Grouping
        By the track's id.
    """
    ordered = sorted(tracks, key=lambda track: (track.root_id, track.path, track.id))
    if artists is None:
        artists = artists_of_credits(count_credits(ordered))
    folders: defaultdict[Folder, list[Entry]] = defaultdict(list)
    for track in ordered:
        entry = entry_of(track)
        folders[entry.folder].append(entry)
    found = [albums_of_folder(entries, artists) for entries in folders.values()]
    library = _Library([part for one in found for part in one.parts])
    for one in found:
        for link in one.links:
            library.join_parts(*link)
        library.add_loose(one, artists)
    library.join_parts_of_one_music()
    library.join_editions()
    library.join_tracks(same_music)
    return library.groupings(artists)


class _Library:
    """The parts of a library, and what of them belongs together.

    Albums are sets of parts. Groups are sets of nodes: the parts by their number, then
    what tracks without an album are.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._numbers = {id(part): number for number, part in enumerate(parts)}
        self._keys = [_group_key(part) for part in parts]
        self._nodes = {
            entry.facts.id: number
            for number, part in enumerate(parts)
            for entry in part.entries
        }
        self._loose: list[Entry] = []
        self._loose_nodes: dict[str, int] = {}
        self._albums = DisjointSets(len(parts))
        self._links: list[tuple[int, int]] = []

    def join_parts(self, one: Part, other: Part) -> None:
        """Let two parts be one group."""
        self._links.append((self._numbers[id(one)], self._numbers[id(other)]))

    def join_tracks(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Let the groups of two tracks be one; tracks that are not known are passed."""
        nodes = self._nodes
        self._links += [
            (nodes[a], nodes[b]) for a, b in pairs if {a, b} <= nodes.keys()
        ]

    def add_loose(self, found: FolderAlbums, artists: Mapping[Credit, Artist]) -> None:
        """Take in the tracks of a folder that have no album.

        They go with the one album of the folder, if it is by the same artist or they
        have none; else those of one artist that are numbered like an album are a group;
        else each is its own.
        """
        by_artist: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in found.loose:
            by_artist[main_key(entry, artists)].append(entry)
        for key, entries in by_artist.items():
            self._loose += entries
            only = found.parts[0] if len(found.parts) == 1 else None
            if only is not None and key in ("", only.artist.key if only.artist else ""):
                node = self._numbers[id(only)]
                self._nodes |= {entry.facts.id: node for entry in entries}
                continue
            root, folder = entries[0].folder
            shared = f"folder | {root}:{folder} | {key}".replace("\0", "")
            for entry in entries:
                own = f"track | {entry.facts.payload_hash}"
                name = shared if is_like_an_album(entries) else own
                self._nodes[entry.facts.id] = self._loose_node(name)

    def _loose_node(self, key: str) -> int:
        if key not in self._loose_nodes:
            self._loose_nodes[key] = len(self._keys)
            self._keys.append(key)
        return self._loose_nodes[key]

    def join_parts_of_one_music(self) -> None:
        """Find the parts that are one album, and those that may be the same music."""
        by_group: defaultdict[str, list[int]] = defaultdict(list)
        by_title: defaultdict[str, list[int]] = defaultdict(list)
        by_id: defaultdict[str, list[int]] = defaultdict(list)
        families: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
        for number, part in enumerate(self._parts):
            by_group[self._keys[number]].append(number)
            by_title[fold(original_title(part.title))].append(number)
            for one in (*part.release_ids, *part.release_group_ids):
                by_id[one].append(number)
            key = part.artist.key if part.artist else ""
            title, _ = part.doubtful_disc or (fold(part.title), 0)
            families[*part.folder, key, title].append(number)
            if part.doubtful_disc is not None:
                root, folder = part.folder
                parent = folder.rpartition("/")[0]
                families[root, parent, key, title, ""].append(number)
        for members in by_group.values():
            self._compare(members)
        for members in by_title.values():
            self._compare_across_artists(members)
        for members in by_id.values():
            self._links += pairwise(members)
        for where, members in families.items():
            self._compare_doubtful(members, siblings=len(where) > 4)

    def _compare(self, members: Sequence[int]) -> None:
        """Join the parts of one artist and original title, unless they are apart."""
        pairs: Iterable[tuple[int, int]] = combinations(members, 2)
        if len(members) > _MANY:
            self._links += pairwise(members)
            years = {number: self._parts[number].year or 0 for number in members}
            pairs = pairwise(
                sorted(members, key=lambda number: (years[number], number))
            )
        for one, other in pairs:
            a, b = self._parts[one], self._parts[other]
            same_title = name_key(a.title) == name_key(b.title)
            one_album, one_group = _compare(a, b) if same_title else (False, True)
            if one_album:
                self._albums.join(one, other)
            if one_group:
                self._links.append((one, other))

    def join_editions(self) -> None:
        """Join what differs in words in brackets alone and has the same tracks."""
        by_title: defaultdict[str, list[int]] = defaultdict(list)
        keys, parts = self._keys, self._parts
        for number, part in enumerate(parts):
            if part.doubtful_disc is None:
                by_title[_key(part.artist, bare_title(part.title))].append(number)
        for members in by_title.values():
            few = len(members) <= _MANY
            for a, b in combinations(members, 2) if few else pairwise(members):
                if keys[a] != keys[b] and _overlap(parts[a], parts[b]) >= _HALF:
                    self._links.append((a, b))

    def _compare_across_artists(self, members: Sequence[int]) -> None:
        """Join parts of one title where one's artist is nobody, or the other's too."""
        artists = ((number, self._parts[number].artist) for number in members)
        keys = {number: artist.key if artist else "" for number, artist in artists}
        if len(set(keys.values())) < 2:
            return
        nobodies = [n for n in members if keys[n] in ("", NOBODY.key)]
        somebodies = [n for n in members if keys[n] not in ("", NOBODY.key)]
        pairs = [(one, other) for one in nobodies for other in somebodies]
        if len(somebodies) <= _MANY:
            pairs += [
                (one, other)
                for one, other in combinations(somebodies, 2)
                if keys[one] in names_in_company(keys[other])
                or keys[other] in names_in_company(keys[one])
            ]
        for one, other in pairs:
            a, b = self._parts[one], self._parts[other]
            if _overlap(a, b) >= _HALF or _are_discs_of_one_set(a, b):
                self._links.append((one, other))

    def _compare_doubtful(self, members: Sequence[int], *, siblings: bool) -> None:
        """Join "Kid Vinyl 1" and "Kid Vinyl 2" where they may be discs of one album.

        In one folder they may be unless their years differ; in folders side by side if
        they are counted from one and have the same year.
        """
        parts = [self._parts[number] for number in members]
        years = {part.year for part in parts}
        counted = sorted(part.doubtful_disc[1] for part in parts if part.doubtful_disc)
        if len(parts) < 2 or not counted:
            return
        if siblings:
            from_one = counted == list(range(1, len(counted) + 1))
            joined = from_one and None not in years and len(years) == 1
        else:
            joined = len(years - {None}) < 2
        if joined:
            self._links += pairwise(members)

    def groupings(self, artists: Mapping[Credit, Artist]) -> dict[int, Grouping]:
        """Return what was found, by track."""
        group_keys = self._group_keys()
        albums = self._album_rows(group_keys)
        found: dict[int, Grouping] = {}
        for part, album in zip(self._parts, albums, strict=True):
            for entry in part.entries:
                found[entry.facts.id] = _grouping(entry, part, album, artists)
        for entry in self._loose:
            track = entry.facts
            key = group_keys[self._nodes[track.id]]
            artist = _filed_under(track, artists)
            found[track.id] = Grouping(artist, None, None, key, entry.disc)
        return found

    def _group_keys(self) -> list[str]:
        """Return the key of the group that each node is in."""
        groups = DisjointSets(len(self._keys))
        for one, other in self._links:
            groups.join(one, other)
        members: defaultdict[int, list[int]] = defaultdict(list)
        for number in range(len(self._keys)):
            members[groups.find(number)].append(number)
        count = len(self._parts)
        # a part is there before what has no album: its key says more
        keys = {
            root: min(self._keys[n] for n in nodes if n < count or root >= count)
            for root, nodes in members.items()
        }
        years = {root: self._first_year(nodes) for root, nodes in members.items()}
        names = _told_apart(keys, years)
        return [names[groups.find(number)] for number in range(len(self._keys))]

    def _first_year(self, nodes: Iterable[int]) -> int | None:
        parts = (self._parts[n] for n in nodes if n < len(self._parts))
        years = [part.year or min(part.years, default=None) for part in parts]
        return min((year for year in years if year), default=None)

    def _album_rows(self, group_keys: Sequence[str]) -> list[Album]:
        """Return the album of each part."""
        members: defaultdict[int, list[int]] = defaultdict(list)
        for number in range(len(self._parts)):
            members[self._albums.find(number)].append(number)
        keys = {
            root: _key(self._parts[root].artist, self._parts[root].title)
            for root in members
        }
        years = {root: self._first_year(numbers) for root, numbers in members.items()}
        names = _told_apart(keys, years)
        albums = {}
        for root, numbers in members.items():
            parts = [self._parts[number] for number in numbers]
            titles = Counter(e.title for p in parts for e in p.entries if e.title)
            artist = parts[0].artist
            albums[root] = Album(
                albumartist=None if artist is None else artist.name,
                title=most_frequent_spelling(titles),
                key=names[root],
                group_key=group_keys[root],
            )
        return [albums[self._albums.find(number)] for number in range(len(self._parts))]


def _compare(a: Part, b: Part) -> tuple[bool, bool]:
    """Tell whether two parts of one artist and title are one album, and one group.

    They are other albums where MusicBrainz or the year says so and the titles of the
    tracks do not gainsay it; other groups where no title is on both.
    """
    if a.release_ids & b.release_ids:
        return True, True
    groups = a.release_group_ids, b.release_group_ids
    other_ids = all(groups) and not groups[0] & groups[1]
    other_years = a.year is not None and b.year is not None and a.year != b.year
    if not other_ids and not other_years:
        return True, True
    if min(len(a.track_titles), len(b.track_titles)) < _KNOWN_TITLES:
        return False, True
    shared = _overlap(a, b)
    return shared >= _HALF and not other_ids, shared > 0


def _overlap(a: Part, b: Part) -> float:
    """Return which share of the shorter one's titles is on both; 0 if too few."""
    fewest = min(len(a.track_titles), len(b.track_titles))
    if fewest < _KNOWN_TITLES:
        return 0.0
    return len(a.track_titles & b.track_titles) / fewest


def _are_discs_of_one_set(a: Part, b: Part) -> bool:
    """Tell whether parts in folders side by side are other discs, as tagged."""
    parents = {(part.folder[0], part.folder[1].rpartition("/")[0]) for part in (a, b)}
    numbered = bool(a.discs and b.discs) and not a.discs & b.discs
    return len(parents) == 1 and numbered


def _told_apart(
    keys: Mapping[int, str], years: Mapping[int, int | None]
) -> dict[int, str]:
    """Return keys of which no two are equal: years, then numbers, are put behind."""
    by_key: defaultdict[str, list[int]] = defaultdict(list)
    for root in sorted(keys):
        by_key[keys[root]].append(root)
    names: dict[int, str] = {}
    for key, roots in by_key.items():
        if len(roots) == 1:
            names[roots[0]] = key
            continue
        used: Counter[str] = Counter()
        for root in sorted(roots, key=lambda one: (years[one] or 0, one)):
            name = f"{key} | {years[root] or '?'}"
            used[name] += 1
            names[root] = name if used[name] == 1 else f"{name} | {used[name]}"
    return names


def _group_key(part: Part) -> str:
    artist = part.artist
    if artist is not None:
        name = without_guests(artist.name)
        artist = artist if name == artist.name else Artist(name, name_key(name))
    return _key(artist, original_title(part.title))


def _key(artist: Artist | None, title: str) -> str:
    whose = "" if artist is None else artist.key
    return f"{whose.replace('|', '/')} | {name_key(title).replace('|', '/')}"


def _grouping(
    entry: Entry, part: Part, album: Album, artists: Mapping[Credit, Artist]
) -> Grouping:
    credit = entry.facts.albumartist
    if credit is not None:
        return Grouping(artists[credit], None, album, album.group_key, entry.disc)
    name = None if part.artist is None else part.artist.name
    return Grouping(part.artist, name, album, album.group_key, entry.disc)


def _filed_under(track: TrackFacts, artists: Mapping[Credit, Artist]) -> Artist | None:
    """Return whom a track without an album is filed under."""
    if track.albumartist is not None:
        return artists[track.albumartist]
    if track.compilation:
        return NOBODY
    return artists[track.artists[0]] if track.artists else None
