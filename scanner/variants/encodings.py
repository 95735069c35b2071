"""The names of re-encodings, and the encodings that each goes through."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BITRATE = re.compile(r"[1-9]\d{0,2}k")
_CODECS = ("mp3", "aac", "opus", "vorbis", "wma")


@dataclass(frozen=True, slots=True)
class Encoding:
    """One generation: encoded and decoded again.

    Attributes
    ----------
    codec : str
        As `scanner.audio.encode.encode` knows it.
    bitrate : str
        As ffmpeg takes it: "128k".
    """

    codec: str
    bitrate: str


@dataclass(frozen=True, slots=True)
class Variant:
    """A re-encoding: its name in the catalog, and its generations in order."""

    name: str
    encodings: tuple[Encoding, ...]


NAMED = {
    # A song from a video site, saved as MP3.
    "yt": (Encoding("aac", "128k"), Encoding("mp3", "128k")),
}


def parse_variant(name: str) -> Variant:
    """Return the variant that is called `name`.

    >>> parse_variant("mp3:64k").encodings
    (Encoding(codec='mp3', bitrate='64k'),)

    Raises
    ------
    ValueError
        The message says what could be written instead.
    """
    if name in NAMED:
        return Variant(name, NAMED[name])
    codec, _, bitrate = name.partition(":")
    if codec not in _CODECS or not _BITRATE.fullmatch(bitrate):
        raise ValueError(
            f"{name!r} is no variant; write CODEC:BITRATE as in mp3:64k, with one of "
            f"{', '.join(_CODECS)}, or {', '.join(NAMED)}"
        )
    return Variant(name, (Encoding(codec, bitrate),))


def parse_variants(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas, each once, in order.

    >>> parse_variants("mp3:64k, yt,mp3:64k")
    ('mp3:64k', 'yt')

    Raises
    ------
    ValueError
        One of them is no variant, or there is none.
    """
    names = tuple(
        dict.fromkeys(part.strip() for part in text.split(",") if part.strip())
    )
    if not names:
        raise ValueError("name a variant, as in mp3:64k,yt")
    return tuple(parse_variant(name).name for name in names)
