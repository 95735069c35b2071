"""Names of artists, albums and genres: their spellings, and who is one artist."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

VARIOUS = "Various Artists"

# Signs that look alike in print, each group as the one that is easiest to type.
_LOOK_ALIKES = str.maketrans(
    {
        sign: typed
        for typed, signs in {
            "'": "`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u0374\u055a\u05f3"
            "\u2018\u2019\u201a\u201b\u2032\u2035\ua78c",
            '"': "\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033\u2036\u3003",
            "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58",
            "/": "\u2044\u2215\u29f8",
            "~": "\u301c\u2053\u223c",
            "\u00b7": "\u2022\u2027\u2219\u22c5\u30fb",
        }.items()
        for sign in signs
    }
    | dict.fromkeys(map(chr, range(0xFE00, 0xFE10)))  # how to draw the one before
)


_SPACE = re.compile(r"\s+")


def tidy(text: str) -> str:
    """Return `text` composed (NFC), without control characters and double spaces."""
    text = unicodedata.normalize("NFC", text)
    shown = "".join(c if c >= " " or c in "\t\n\r" else "" for c in text)
    return _SPACE.sub(" ", shown).strip()


@lru_cache(maxsize=1 << 16)
def fold(name: str) -> str:
    """Return ``name`` without what spellings of the same name differ in.

    Case, width and composition of characters; apostrophes, quotes, hyphens, slashes and
    dots that look alike; characters that are not seen; runs of white space.

    Examples
    --------
    >>> fold("  Ride the  LIGHTNING "), fold("Guns N\u2019 Roses")
    ('ride the lightning', "guns n' roses")
    """
    if name.isascii():
        return " ".join(name.replace("`", "'").lower().split())
    before = ""
    while name != before:  # composing may bring forth what folds further
        before = name
        name = unicodedata.normalize("NFKC", name.translate(_LOOK_ALIKES)).casefold()
        if not name.isprintable():
            name = "".join(c for c in name if unicodedata.category(c) != "Cf")
        name = " ".join(name.split())
    return name


def name_key(name: str) -> str:
    """Return what spellings of one name share; never empty."""
    return fold(name) or name


# What taggers write where there is no name at all.
_NO_NAMES = frozenset(
    (
        *("<unknown>", "[unknown]", "(unknown)", "<none>", "(none)", "(null)"),
        *("unknown artist", "<unknown artist>", "[unknown artist]", "no artist"),
        *("unknown album", "<unknown album>", "[unknown album]", "no album"),
        *("unknown genre", "unknown title", "no title", "undefined"),
    )
)
# What taggers write there, too, but what somebody has also called a record.
_DOUBTFUL_NAMES = frozenset(
    (
        *("unknown", "none", "null", "nil", "n/a", "n.a.", "not set"),
        *("-", "--", "---", "?", "??", "???", ".", "..", "..."),
    )
)


def is_placeholder(name: str) -> bool:
    """Tell whether a text stands where a name is lacking, or may well do so."""
    folded = fold(name)
    return not folded or folded in _NO_NAMES or folded in _DOUBTFUL_NAMES


def is_doubtful(name: str) -> bool:
    """Tell whether a text is a placeholder on most files and a title on some."""
    return fold(name) in _DOUBTFUL_NAMES


_NOBODY = frozenset(
    (
        *("various artists", "various artist", "various", "various performers"),
        *("va", "v.a.", "v.a", "v/a", "v / a", "[various artists]", "(various)"),
        *("soundtrack", "original soundtrack", "ost", "compilation"),
        *("verschiedene interpreten", "verschiedene k\u00fcnstler", "verschiedene"),
        *("diverse interpreten", "diverse k\u00fcnstler", "diverse"),
        *("diverse artiesten", "verschillende artiesten"),
        *("artistes divers", "divers artistes", "artistes vari\u00e9s", "divers"),
        *("varios artistas", "varios int\u00e9rpretes", "varios", "diversos"),
        *("v\u00e1rios artistas", "v\u00e1rios int\u00e9rpretes", "v\u00e1rios"),
        *("artistas varios", "artistas v\u00e1rios", "artistes diversos"),
        *("artisti vari", "vari artisti", "autori vari", "aa.vv.", "aa. vv.", "aavv"),
        *("diverse artister", "diverse kunstnere", "forskellige kunstnere"),
        *("blandade artister", "olika artister", "ymsir", "\u00fdmsir flytjendur"),
        *("eri esitt\u00e4ji\u00e4", "eri artisteja", "erinevad esitajad"),
        *("r\u00f3\u017cni wykonawcy", "r\u00f3\u017cni arty\u015bci"),
        *("r\u016fzn\u00ed interpreti", "r\u016fzn\u00ed um\u011blci"),
        *("r\u00f4zni interpreti", "razni izvo\u0111a\u010di", "razni izvajalci"),
        *(
            "k\u00fcl\u00f6nb\u00f6z\u0151 el\u0151ad\u00f3k",
            "arti\u0219ti diver\u0219i",
        ),
        *("\u00e7e\u015fitli sanat\u00e7\u0131lar", "nghe si khac"),
        # Russian, Ukrainian, Bulgarian, Greek
        *("разные исполнители", "разные артисты", "разные", "сборник"),
        *("різні виконавці", "різні", "разни изпълнители"),
        *("διάφοροι καλλιτέχνες", "διάφοροι"),
        # Japanese, Chinese, Korean, Hebrew, Arabic
        *("ヴァリアス・アーティスト", "ヴァリアス・アーティスツ", "オムニバス"),
        *("群星", "群星", "华语群星", "華語群星", "合輯", "合辑"),
        *("여러 아티스트", "다양한 아티스트", "אמנים שונים", "فنانون متنوعون"),
    )
)
_NOBODY_KEYS = frozenset(map(fold, _NOBODY))
_NOBODY_IDS = frozenset(  # MusicBrainz's [various artists], [unknown], [no artist]
    (
        "89ad4ac3-39f7-470e-963a-56509c546377",
        "125ec42a-7229-4250-afc5-e057484327fe",
        "eec63d3c-3b81-4ad4-b1e4-7c147d4d2b61",
    )
)


def is_nobody(name: str, musicbrainz_id: str | None = None) -> bool:
    """Tell whether an album artist is a way to say that there is no single one.

    Examples
    --------
    >>> is_nobody("VA"), is_nobody("Verschiedene Interpreten"), is_nobody("Various X")
    (True, True, False)
    """
    return musicbrainz_id in _NOBODY_IDS or fold(name) in _NOBODY_KEYS


_GUEST = re.compile(r"\s+[(\[]?(?:feat\.?|ft\.?|featuring)\s.*$", re.IGNORECASE)
_COMPANY = re.compile(r" (?:&|and|with|x|vs|vs\.|\+|/) |[,;] ")


def without_guests(name: str) -> str:
    """Return an artist's name without those who are featured.

    Examples
    --------
    >>> without_guests("Rush feat. Ben"), without_guests("Feature")
    ('Rush', 'Feature')
    """
    return _GUEST.sub("", name).strip() or name


def names_in_company(key: str) -> Iterator[str]:
    """Yield the names with which a folded one goes on after "&" and the like.

    Examples
    --------
    >>> list(names_in_company("santana & friends, x")), list(names_in_company("abba"))
    (['santana', 'santana & friends'], [])
    """
    for found in _COMPANY.finditer(key):
        yield key[: found.start()]


class Credit(NamedTuple):
    """An artist as one tag has it: a name, and an id where MusicBrainz gave one."""

    name: str
    musicbrainz_id: str | None = None


class Artist(NamedTuple):
    """One artist: the name to show, and the key that no other artist has."""

    name: str
    key: str
    musicbrainz_id: str | None = None


def artists_of_credits(credits: Mapping[Credit, int]) -> dict[Credit, Artist]:
    """Return whom each credit means, from all the credits of a library.

    Parameters
    ----------
    credits : mapping of Credit to int
        How often each stands in the tags.

    Returns
    -------
    dict of Credit to Artist
        Credits with one id are one artist, shown in the most frequent spelling. A
        credit without an id means the artist whose id most credits of that name have,
        if there is one. Of two artists with one name the rarer is shown with the
        beginning of its id.
    """
    ids_by_key: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for credit, count in credits.items():
        if credit.musicbrainz_id is not None:
            ids_by_key[name_key(credit.name)][credit.musicbrainz_id] += count
    spellings: defaultdict[tuple[str | None, str], Counter[str]] = defaultdict(Counter)
    meant: dict[Credit, tuple[str | None, str]] = {}
    for credit, count in credits.items():
        key = name_key(credit.name)
        number = credit.musicbrainz_id
        if number is None and key in ids_by_key:
            number = most_frequent(ids_by_key[key])
        # nobody is one, whatever the language and the id
        if is_nobody(credit.name, number):
            number, key = None, fold(VARIOUS)
        meant[credit] = (number, "" if number else key)
        spellings[meant[credit]][credit.name] += count
    spellings.pop((None, fold(VARIOUS)), None)
    artists = _with_own_keys(spellings)
    artists[None, fold(VARIOUS)] = Artist(VARIOUS, fold(VARIOUS))
    return {credit: artists[identity] for credit, identity in meant.items()}


def _with_own_keys(
    spellings: Mapping[tuple[str | None, str], Counter[str]],
) -> dict[tuple[str | None, str], Artist]:
    """Name each artist by the most frequent spelling; tell namesakes apart."""
    artists = {}
    taken: set[str] = set()
    for identity in sorted(spellings, key=lambda i: (-spellings[i].total(), str(i))):
        name = most_frequent_spelling(spellings[identity])
        number = identity[0]
        if name_key(name) in taken and number is not None:
            name = f"{name} [{number[:8]}]"
            if name_key(name) in taken:
                name = f"{name[:-1]}{number[8:]}]"
        taken.add(name_key(name))
        artists[identity] = Artist(name, name_key(name), number)
    return artists


def most_frequent_spelling(counts: Mapping[str, int]) -> str:
    """Return the spelling to show: the most frequent, of equals the plainest."""

    def rank(name: str) -> tuple[int, bool, bool, str]:
        shouted = name.isupper() or name.islower()
        return -counts[name], not name.isascii(), shouted, name

    return min(counts, key=rank)


def most_frequent(counts: Mapping[str, int]) -> str:
    """Return the value that occurs most often; of equals the first in order."""
    return min(counts, key=lambda value: (-counts[value], value))


class MusicBrainzIds(NamedTuple):
    """The ids that the tags of one file give; empty or None where they give none."""

    artists: tuple[str, ...] = ()
    albumartists: tuple[str, ...] = ()
    release: str | None = None
    release_group: str | None = None


_UUID = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])"
)
_ID_KEYS = {  # "TXXX:MusicBrainz Artist Id", "MUSICBRAINZ_ARTISTID", "MusicBrainz/..."
    "musicbrainzartistid": "artists",
    "musicbrainzalbumartistid": "albumartists",
    "musicbrainzalbumid": "release",
    "musicbrainzreleasegroupid": "release_group",
}


def musicbrainz_ids(raw: Iterable[tuple[str, str]]) -> MusicBrainzIds:
    """Return the MusicBrainz ids among the raw tags of one file, in any format.

    Examples
    --------
    >>> one = "11111111-2222-3333-4444-555555555555"
    >>> musicbrainz_ids([("TXXX:MusicBrainz Artist Id", one)]).artists == (one,)
    True
    """
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for key, value in raw:
        if "usic" not in key and "USIC" not in key:  # nearly always
            continue
        fact = _id_fact(key)
        ids = tuple(_UUID.findall(value.lower())) if fact else ()
        if fact is None or not ids:
            continue
        # the first tag of a file that gives ids gives them all; several values of a
        # key are several artists
        first, before = found.setdefault(fact, (key, ()))
        if first == key:
            found[fact] = (key, before + ids)
    values = {fact: ids for fact, (_, ids) in found.items()}
    return MusicBrainzIds(
        artists=values.get("artists", ()),
        albumartists=values.get("albumartists", ()),
        release=next(iter(values.get("release", ())), None),
        release_group=next(iter(values.get("release_group", ())), None),
    )


@lru_cache(maxsize=4096)
def _id_fact(key: str) -> str | None:
    letters = "".join(filter(str.isalpha, key)).lower()
    at = letters.rfind("musicbrainz")
    return _ID_KEYS.get(letters[at:]) if at >= 0 else None


def credits_of(names: tuple[str, ...], ids: tuple[str, ...]) -> tuple[Credit, ...]:
    """Return names with their ids, where there is one id for each name.

    Examples
    --------
    >>> credits_of(("A", "B"), ()) == (Credit("A"), Credit("B"))
    True
    """
    if len(names) != len(ids):
        return tuple(Credit(name) for name in names)
    return tuple(Credit(*pair) for pair in zip(names, ids, strict=True))
