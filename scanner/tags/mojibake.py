"""Text that was written in one encoding and read as Latin-1.

ID3v1 names no encoding, and ID3v2.3 has none between Latin-1 and UTF-16, so taggers
have put the system's own there: UTF-8, Shift-JIS, Windows-1251. Text is read anew only
where the result convinces and Latin-1 does not.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+")
_KANA = re.compile(r"[\u3041-\u30ff]")
_JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff\u3000-\u3002\uff01-\uff5e]")
# Letters that a Latin-1 text has one at a time, between plain ones.
_FOREIGN_RUN = re.compile(r"[\xc0-\xff]{3}|[\x80-\xff]{4}")
_C1 = re.compile(r"[\x80-\x9f]")


def repair(text: str) -> str:
    """Return `text`, which was read as Latin-1, as it was probably meant.

    Examples
    --------
    >>> repair("MotÃ¶rhead"), repair("Motörhead"), repair("Êèíî")
    ('Motörhead', 'Motörhead', 'Кино')
    """
    if text.isascii():
        return text
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    for attempt in (_utf8, _shift_jis, _cp1251, _cp1252):
        if (found := attempt(raw)) is not None:
            return found
    return text


def _decode(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _utf8(raw: bytes) -> str | None:
    """Read UTF-8: valid past ASCII it does not happen by chance.

    ID3v1 may cut the last character in two: up to three bytes are given away.
    """
    for cut in range(4):
        found = _decode(raw[: len(raw) - cut], "utf-8")
        if found is not None:
            return None if found.isascii() else found
        if raw[-1 - cut] < 0x80:
            return None
    return None


def _shift_jis(raw: bytes) -> str | None:
    """Read Japanese: it has kana, and hardly anything else past ASCII."""
    found = _decode(raw, "cp932")
    if found is None:
        return None
    foreign = [character for character in found if not character.isascii()]
    japanese = len(_JAPANESE.findall(found))
    if len(_KANA.findall(found)) < 2 or japanese < 0.9 * len(foreign):
        return None
    return found


def _cp1251(raw: bytes) -> str | None:
    """Read Russian: it comes in whole Cyrillic words of orderly case."""
    found = _decode(raw, "cp1251")
    if found is None or not _FOREIGN_RUN.search(raw.decode("latin-1")):
        return None
    words = [word for word in _WORD.findall(found) if not word.isascii()]
    whole = [word for word in words if all("\u0400" <= c <= "\u045f" for c in word)]
    if len(whole) < len(words) or not any(len(word) >= 4 for word in whole):
        return None
    if not all(word.islower() or word.isupper() or word.istitle() for word in whole):
        return None
    vowels = sum(character in "аеёиоуыэюяіїє" for character in found.lower())
    return found if vowels * 6 >= sum(map(len, whole)) else None


def _cp1252(raw: bytes) -> str | None:
    """Read Windows text: it has quotes and dashes for Latin-1's control codes."""
    if not _C1.search(raw.decode("latin-1")):
        return None
    return _decode(raw, "cp1252")
