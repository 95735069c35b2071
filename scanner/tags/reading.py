"""Read the tags and stream facts of one file."""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING

from scanner.errors import FileError, TagError
from scanner.files import cause, open_regular
from scanner.identify import identify
from scanner.tags import framed, packaged
from scanner.tags.interpret import TagRules, interpret
from scanner.tags.probed import read_probed
from scanner.tags.riff import read_wav

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.records import StreamFacts, TagFacts
    from scanner.tags.blocks import TagBlock

    Read = tuple[list[TagBlock], StreamFacts]

_READERS: dict[str, Callable[[IO[bytes]], Read]] = {
    "mp3": framed.read_mp3,
    "aac": framed.read_aac,
    "ape": framed.read_ape,
    "wavpack": framed.read_wavpack,
    "musepack": framed.read_musepack,
    "tta": framed.read_tta,
    "flac": packaged.read_flac,
    "ogg": packaged.read_ogg,
    "mp4": packaged.read_mp4,
    "asf": packaged.read_asf,
    "aiff": packaged.read_aiff,
    "dsf": packaged.read_dsf,
    "wav": lambda file: read_wav(file.fileno()),
}
_DEFAULT = TagRules()


class BoundedReader(io.BufferedReader):
    """A file of which no more is asked for than it holds.

    mutagen reads as many bytes as a header claims, and Python sets the memory aside
    before it looks.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes, all that is left if negative or None."""
        if size is None or size < 0:
            return super().read()
        left = os.fstat(self.fileno()).st_size - self.tell()
        return super().read(min(size, max(0, left)))


def read_tags(path: bytes, rules: TagRules = _DEFAULT) -> tuple[TagFacts, StreamFacts]:
    """Return what the tags and the headers of the file at `path` say.

    Parameters
    ----------
    path : bytes
    rules : TagRules
        How several names in one value are told apart.

    Raises
    ------
    TagError
        If the file cannot be read, or its headers are damaged.
    IdentifyError
        If the content is no audio.
    """
    try:
        with BoundedReader(io.FileIO(open_regular(path))) as file:
            blocks, facts = _read(file, identify(file.fileno()))
            return interpret(blocks, rules), facts
    except FileError:
        raise
    except OSError as error:
        raise TagError(cause(error)) from error
    except Exception as error:  # mutagen lets any error of its parsing out
        raise TagError(f"damaged headers: {_describe(error)}") from error


def _read(file: IO[bytes], container: str) -> Read:
    reader = _READERS.get(container)
    if reader is None:
        return read_probed(file.fileno(), container)
    file.seek(0, os.SEEK_SET)
    return reader(file)


def _describe(error: Exception) -> str:
    text = str(error).split("\n")[0][:200]
    return f"{text} ({type(error).__name__})" if text else type(error).__name__
