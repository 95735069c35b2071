"""One tag of a file, as text: what all the formats come down to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VALUE_LIMIT = 4096  # characters kept of one value: a title, not a novel
_PAIR_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class TagBlock:
    """The text of one tag.

    Attributes
    ----------
    kind : str
        A key of `scanner.tags.keys.FACT_KEYS`: "ID3v2", "Vorbis", "MP4" ...
    pairs : tuple of (key, value)
        In file order; a key with several values comes several times. No pictures.
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
                kept.append((name, _without_surrogates(text)))
        return cls(kind, tuple(kept))

    def values(self, key: str) -> tuple[str, ...]:
        """Return the values of `key`, which is given in lower case."""
        return tuple(value for name, value in self.pairs if name.lower() == key)


def _without_surrogates(text: str) -> str:
    """Return text that any database takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")
