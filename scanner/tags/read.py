"""Read the tags and stream facts of one file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from scanner.audio.files import cause, identify, open_regular
from scanner.exceptions import TagError
from scanner.tags import formats as packaged
from scanner.tags import id3 as framed
from scanner.tags.base import BoundedReader
from scanner.tags.formats import read_probed, read_wav
from scanner.tags.interpret import Separators, interpret

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.records import StreamFacts, TagFacts
    from scanner.tags.base import TagBlock

    Read = tuple[list[TagBlock], StreamFacts]

_READERS: dict[str, Callable[[BoundedReader], Read]] = {
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
_DEFAULT = Separators()


def read_tags(
    path: bytes, separators: Separators = _DEFAULT
) -> tuple[TagFacts, StreamFacts]:
    """Return what the tags and the headers of the file at `path` say.

    Where mutagen cannot read a file, libav is asked: what has damaged tags may well
    have good audio.

    Parameters
    ----------
    path : bytes
    separators : Separators
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
            return interpret(blocks, separators), facts
    except OSError as error:
        raise TagError(cause(error)) from error


def _read(file: BoundedReader, container: str) -> Read:
    """Read through mutagen, or through libav what mutagen cannot."""
    reader = _READERS.get(container)
    if reader is None:
        return read_probed(file.fileno(), container)
    try:
        return reader(file)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - one file must never stop a scan
        try:
            return read_probed(file.fileno(), container)
        except TagError:
            raise TagError(_describe(error)) from error


def _describe(error: Exception) -> str:
    if isinstance(error, TagError):
        text = error.reason
    elif isinstance(error, RecursionError):
        text = "nested too deep"
    else:  # some of mutagen's errors say nothing
        text = str(error).split("\n")[0][:200].strip("\"' ")
    return f"damaged headers: {text}" if text else "damaged headers"
