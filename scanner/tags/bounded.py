"""Files as mutagen may safely have them."""

from __future__ import annotations

import io
import os


class BoundedReader(io.BufferedReader):
    """A file of which no more is asked for than it holds, from `start` on.

    mutagen reads as many bytes as a header claims, and Python sets the memory aside
    before it looks. And it expects at most one ID3 tag in front of what it reads.
    """

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__(raw)
        self.start = 0
        self._size = os.fstat(raw.fileno()).st_size

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
