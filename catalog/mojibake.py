"""Text of tags that was declared to be Latin-1 and is something else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

_WORD = re.compile(r"[^\W\d_]+")
_KANA = re.compile(r"[\u3041-\u30ff]")
_JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff\u3000-\u3002\uff01-\uff5e]")
# Letters that a Latin-1 text has one at a time, between plain ones.
_FOREIGN_RUN = re.compile(r"[\xc0-\xff]{3}|[\x80-\xff]{4}")
_C1 = re.compile(r"[\x80-\x9f]")
_FOREIGN_WORD = re.compile(r"[\xc0-\xff]")
_PLAIN = 8  # characters: a text of so many speaks for itself
_VOWELS = frozenset("аеёиоуыэюяіїє")

UNDECIDED = "latin-1"


class Latin1(str):
    """Text as a tag declares it; what it is has yet to be judged."""

    __slots__ = ()


class Judgement(NamedTuple):
    """What texts of one file probably are.

    Attributes
    ----------
    texts : list of str
        As they were probably meant.
    encoding : str
        "cp1251" or "cp932" where the texts together are that; "latin-1" where some may
        be but cannot tell; else empty.
    """

    texts: list[str]
    encoding: str


def judge_texts(texts: Sequence[str]) -> Judgement:
    """Return what the Latin-1 texts of one file are, judged together.

    UTF-8 is told by each text alone: past ASCII it is not valid by chance. Japanese and
    Russian are told by all texts: a short name goes with its neighbours. Where a text
    gainsays them, as "Motörhead" does, the others must be plain by themselves.

    Parameters
    ----------
    texts : sequence of str
        Decoded as Latin-1.

    Examples
    --------
    >>> judge_texts(["MotÃ¶rhead", "Sigur Rós"]).texts
    ['Motörhead', 'Sigur Rós']
    >>> judge_texts(["Áè-2", "Ìîé ðîê-í-ðîëë"])
    Judgement(texts=['Би-2', 'Мой рок-н-ролл'], encoding='cp1251')
    """
    found = {place: text for place, text in enumerate(texts) if not text.isascii()}
    utf8 = {at: meant for at, text in found.items() if (meant := _utf8(text))}
    others = {at: text for at, text in found.items() if at not in utf8}
    encoding, decoded = _of_several(others)
    windows = {
        at: meant
        for at, text in others.items()
        if at not in decoded and (meant := _cp1252(text))
    }
    judged = {**utf8, **decoded, **windows}
    left = [text for at, text in others.items() if at not in judged]
    lettered = [text for text in left if _FOREIGN_WORD.search(text)]
    if lettered and not encoding and all(decode_like(t, "cp1251") for t in lettered):
        encoding = UNDECIDED
    return Judgement([judged.get(at, str(t)) for at, t in enumerate(texts)], encoding)


def _of_several(texts: dict[int, str]) -> tuple[str, dict[int, str]]:
    """Return the encoding that texts have together, and those of them that have it."""
    for name, is_convincing in _ENCODINGS:
        decoded = {
            at: meant
            for at, text in texts.items()
            if (meant := decode_like(text, name)) is not None
        }
        lettered = [at for at, text in texts.items() if _FOREIGN_WORD.search(text)]
        if all(at in decoded for at in lettered):
            agreed = is_convincing(" ".join(decoded.values()))
        else:  # others gainsay it
            agreed = any(
                len(meant) >= _PLAIN and is_convincing(meant)
                for meant in decoded.values()
            )
        if agreed:
            return name, decoded
    return "", {}


def repair(text: str) -> str:
    """Return a text that was read as Latin-1 as it was probably meant.

    Examples
    --------
    >>> repair("MotÃ¶rhead"), repair("Motörhead"), repair("Êèíî")
    ('Motörhead', 'Motörhead', 'Кино')
    """
    return judge_texts([text]).texts[0]


def decode_like(text: str, encoding: str) -> str | None:
    """Return a Latin-1 text in the encoding of its neighbours; None if it is not in it.

    Parameters
    ----------
    text : str
    encoding : {"cp1251", "cp932"}

    Examples
    --------
    >>> decode_like("Áè-2", "cp1251"), decode_like("Björk", "cp1251")
    ('Би-2', None)
    """
    raw = _bytes_of(text)
    if raw is None:
        return None
    try:
        found = raw.decode(encoding)
    except UnicodeDecodeError:
        return None
    return found if _IS_PLAUSIBLE[encoding](found) else None


def _bytes_of(text: str) -> bytes | None:
    """Return the bytes that were read as Latin-1; None for ASCII and other text."""
    if text.isascii():
        return None
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def _utf8(text: str) -> str | None:
    """Read UTF-8; ID3v1 may cut the last character: three bytes may be lacking."""
    raw = _bytes_of(text) or b""
    for cut in range(min(4, len(raw))):
        try:
            found = raw[: len(raw) - cut].decode("utf-8")
        except UnicodeDecodeError:
            if raw[-1 - cut] < 0x80:
                return None
        else:
            return None if found.isascii() else found
    return None


def _is_plausible_japanese(text: str) -> bool:
    foreign = [character for character in text if not character.isascii()]
    japanese = len(_JAPANESE.findall(text))
    return japanese > 0 and japanese >= 0.9 * len(foreign)


def _is_convincing_japanese(text: str) -> bool:
    return len(_KANA.findall(text)) >= 2


def _cyrillic(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if not word.isascii()]


def _is_plausible_russian(text: str) -> bool:
    """Tell whether all words past ASCII are Cyrillic, and of orderly case."""
    words = _cyrillic(text)
    return bool(words) and all(
        all("\u0400" <= c <= "\u045f" for c in word)
        and (word.islower() or word.isupper() or word.istitle())
        for word in words
    )


def _is_convincing_russian(text: str) -> bool:
    """Tell whether there are letters enough, and vowels among them."""
    if not _FOREIGN_RUN.search(text.encode("cp1251", "replace").decode("latin-1")):
        return False
    words = _cyrillic(text)
    letters = sum(map(len, words))
    vowels = sum(character in _VOWELS for character in text.lower())
    are_enough = any(len(word) >= 4 for word in words) or (
        len(words) >= 3 and letters >= 8
    )
    return are_enough and vowels * 6 >= letters


def _cp1252(text: str) -> str | None:
    """Read Windows text: it has quotes and dashes for Latin-1's control codes."""
    raw = _bytes_of(text)
    if raw is None or not _C1.search(text):
        return None
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return None


_IS_PLAUSIBLE: dict[str, Callable[[str], bool]] = {
    "cp932": _is_plausible_japanese,
    "cp1251": _is_plausible_russian,
}
_ENCODINGS = (("cp932", _is_convincing_japanese), ("cp1251", _is_convincing_russian))
