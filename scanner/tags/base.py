"""The text of one tag, facts of a stream, and a bounded reader for mutagen."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from catalog.records import StreamFacts
from scanner.audio.files import AudioFile

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


def _without_surrogates(text: str) -> str:
    """Return text that any database takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")


Metadata = tuple[list[TagBlock], StreamFacts]
"""What a file's headers hold: its tags, best first, and the facts of its stream."""


class BoundedReader(io.BufferedReader):
    """A file of which no more is asked for than it holds, from `start` on.

    mutagen reads as many bytes as a header claims, and Python sets the memory aside
    before it looks. And it expects at most one ID3 tag in front of what it reads.

    Parameters
    ----------
    file : AudioFile
        Its descriptor stays open, its position is moved.
    """

    def __init__(self, file: AudioFile) -> None:
        super().__init__(io.FileIO(file.fd, closefd=False))
        self.source = file
        self.start = 0
        self._size = file.size()

    def begin_at(self, start: int) -> None:
        """Let the file begin at the offset `start` of the real one."""
        self.start = start
        super().seek(start)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes, all that is left if negative or None."""
        if size is None or size < 0:
            return super().read()
        left = self._size - super().tell()
        return super().read(min(size, max(0, left)))

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to an offset, counted from where the file was let begin."""
        if whence == os.SEEK_SET:
            offset += self.start
        place = super().seek(offset, whence)
        if place < self.start:
            raise OSError(22, "a place in front of the file")
        return place - self.start

    def tell(self) -> int:
        """Return the offset, counted from where the file was let begin."""
        return super().tell() - self.start


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
