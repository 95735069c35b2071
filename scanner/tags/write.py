"""Write a model's label into a file, or take it out again; the audio stays as it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import mutagen
from mutagen.asf import ASFTags
from mutagen.id3 import ID3, TXXX
from mutagen.mp4 import MP4FreeForm, MP4Tags

from scanner.audio.files import cause
from scanner.audio.payload import payload_hash
from scanner.exceptions import TagError

if TYPE_CHECKING:
    from collections.abc import Mapping


LABEL = "SONICAT_LABEL"
PROBABILITY = "SONICAT_PROBABILITY"


def write_easy_tags(path: bytes, tags: Mapping[str, str]) -> None:
    """Write common tags into a file that mutagen gives easy names for.

    Parameters
    ----------
    path : bytes
        Of an MP3, FLAC, Ogg or MP4 file.
    tags : mapping of str to str
        By mutagen's easy names: ``title``, ``artist``, ``album``, ``date`` and so on.

    Raises
    ------
    TagError
        The file takes no tags, or cannot be written.
    """
    try:
        audio: Any = mutagen.File(os.fsdecode(path), easy=True)
        if audio is None:
            raise TagError("no tags can be written to this kind of file")
        if audio.tags is None:
            audio.add_tags()
        audio.update(tags)
        audio.save()
    except mutagen.MutagenError as error:
        raise TagError(f"cannot write tags: {error}") from error


def set_label(path: bytes, label: str | None, probability: float | None) -> bool:
    """Set a file's ``SONICAT_LABEL``, or remove it where `label` is None.

    A copy beside the file is changed, its audio payload compared with the file's, and
    the copy put in the file's place in one step: at no time is there half a file.

    Parameters
    ----------
    path : bytes
    label : str or None
    probability : float or None
        Written beside the label, with three decimals.

    Returns
    -------
    bool
        Whether the file was changed.

    Raises
    ------
    TagError
        The file cannot be read or written, takes no tags, or its audio would change.
    """
    place = os.path.realpath(path)
    if os.path.exists(place) and not os.access(place, os.W_OK):
        raise TagError("the file is read-only; nothing was written")
    values = {
        LABEL: label,
        PROBABILITY: None if probability is None else f"{probability:.3f}",
    }
    try:
        handle, copy = tempfile.mkstemp(
            prefix=b".sonicat-",
            suffix=os.path.splitext(place)[1],
            dir=os.path.dirname(place),
        )
        os.close(handle)
        try:
            shutil.copy2(place, copy)
            if not set_free_tags(copy, values):
                return False
            if payload_hash(copy) != payload_hash(place):
                raise TagError("the audio would not stay the same; nothing was written")
            _flush(copy)
            os.replace(copy, place)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(copy)
    except OSError as error:
        raise TagError(cause(error)) from error
    return True


def _flush(path: bytes) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


_FREEFORM = "----:com.apple.iTunes:"
_UTF8 = 3


def set_free_tags(path: bytes, values: Mapping[str, str | None]) -> bool:
    """Set tags that no standard names, or remove those whose value is None.

    ``TXXX`` in ID3, freeform atoms in MP4, plain fields elsewhere.

    Returns
    -------
    bool
        Whether that changed the file.

    Raises
    ------
    TagError
        The file takes no tags, or cannot be written.
    """
    try:
        audio: Any = mutagen.File(os.fsdecode(path))
        if audio is None or not hasattr(audio, "add_tags"):
            raise TagError("no tags can be written to this kind of file")
        if audio.tags is None:
            if not any(values.values()):
                return False
            audio.add_tags()
        before = {name: _read(audio.tags, name) for name in values}
        if before == dict(values):
            return False
        for name, value in values.items():
            _put(audio.tags, name, value)
        audio.save()
    except mutagen.MutagenError as error:
        raise TagError(f"cannot write tags: {error}") from error
    return True


def _key(tags: Any, name: str) -> str:
    if isinstance(tags, ID3):
        return f"TXXX:{name}"
    return f"{_FREEFORM}{name}" if isinstance(tags, MP4Tags) else name


def _read(tags: Any, name: str) -> str | None:
    found = tags.get(_key(tags, name))
    if not found:
        return None
    first = found[0] if isinstance(found, list) else found
    return (
        bytes(first).decode("utf-8", "replace")
        if isinstance(first, bytes)
        else str(first)
    )


def _put(tags: Any, name: str, value: str | None) -> None:
    key = _key(tags, name)
    if value is None:
        if key in tags:
            del tags[key]
    elif isinstance(tags, ID3):
        tags.add(TXXX(encoding=_UTF8, desc=name, text=[value]))
    elif isinstance(tags, MP4Tags):
        tags[key] = [MP4FreeForm(value.encode())]
    elif isinstance(tags, ASFTags):
        tags[key] = [value]
    else:
        tags[key] = value
