"""The tags and stream facts of one file, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from catalog.records import RULES, StreamFacts, TagFacts
from scanner.audio.files import AudioFile, BoundedReader, audio_file, cause
from scanner.exceptions import TagError
from scanner.settings import ReadingRules
from scanner.tags.formats import (
    read_aiff,
    read_asf,
    read_dsf,
    read_flac,
    read_mp4,
    read_ogg,
    read_probed,
    read_wav,
)
from scanner.tags.from_path import fill_from_path
from scanner.tags.id3 import read_framed, read_mp3
from scanner.tags.interpret import Metadata, interpret

_READERS: dict[str, Callable[[BoundedReader], Metadata]] = {
    "mp3": read_mp3,
    **dict.fromkeys(("aac", "ape", "wavpack", "musepack", "tta"), read_framed),
    "flac": read_flac,
    "ogg": read_ogg,
    "mp4": read_mp4,
    "asf": read_asf,
    "aiff": read_aiff,
    "dsf": read_dsf,
    "wav": read_wav,
}


def read_tags(
    path: bytes, artist_separators: tuple[str, ...] = ()
) -> tuple[TagFacts, StreamFacts]:
    """Return what the tags and the headers of the file at `path` say.

    Parameters
    ----------
    path : bytes
    artist_separators : tuple of str
        As `scanner.tags.interpret.interpret` takes them.

    Raises
    ------
    TagError
        If the file cannot be read, or its headers are damaged.
    IdentifyError
        If the content is no audio.
    """
    try:
        with audio_file(path) as file:
            return read_file_tags(file, artist_separators)
    except OSError as error:
        raise TagError(cause(error)) from error


def read_file_tags(
    file: AudioFile, artist_separators: tuple[str, ...] = ()
) -> tuple[TagFacts, StreamFacts]:
    """Return what the tags and the headers of an open file say.

    Where mutagen cannot read a file, libav is asked: what has damaged tags may well
    have good audio.

    Raises
    ------
    TagError
        If the file cannot be read, or its headers are damaged.
    """
    try:
        blocks, facts = _read(file)
    except OSError as error:
        raise TagError(cause(error)) from error
    return interpret(blocks, artist_separators), facts


def read_track_tags(
    file: AudioFile, path: bytes, rules: ReadingRules
) -> tuple[TagFacts, StreamFacts]:
    """Return what an open file of a library says, read by the rules of its folder.

    Parameters
    ----------
    file : AudioFile
    path : bytes
        Its path below the root, from which a rule may have the gaps filled.
    rules : ReadingRules

    Raises
    ------
    TagError
        As `read_file_tags`.
    """
    tags, facts = read_file_tags(file, rules.artist_separators)
    if rules.guess_from_path:
        tags = fill_from_path(tags, path)
    if text := rules.as_text():  # so that a scan by other rules reads them again
        tags = replace(tags, sources=(*tags.sources, (RULES, text)))
    return tags, facts


def _read(file: AudioFile) -> Metadata:
    """Read through mutagen, or through libav what mutagen cannot."""
    reader = _READERS.get(file.container)
    if reader is None:
        return read_probed(file)
    try:
        with BoundedReader(file) as stream:
            return reader(stream)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - one file must never stop a scan
        try:
            return read_probed(file)
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
