"""Tags written into files whose audio stays as it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import mutagen
from mutagen.asf import ASFTags
from mutagen.id3 import ID3, TXXX
from mutagen.mp4 import MP4FreeForm, MP4Tags

from scanner.audio.files import cause
from scanner.audio.payload import payload_hash
from scanner.exceptions import TagError

LABEL = "SONICAT_LABEL"
PROBABILITY = "SONICAT_PROBABILITY"
_FREEFORM = "----:com.apple.iTunes:"
_UTF8 = 3


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
    with _tagged_file(path, easy=True) as audio:
        if audio.tags is None:
            audio.add_tags()
        audio.update(tags)
        audio.save()


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
    shown = None if probability is None else f"{probability:.3f}"
    try:
        handle, copy = tempfile.mkstemp(
            prefix=b".sonicat-",
            suffix=os.path.splitext(place)[1],
            dir=os.path.dirname(place),
        )
        os.close(handle)
        try:
            shutil.copy2(place, copy)
            if not _set_tags(copy, {LABEL: label, PROBABILITY: shown}):
                return False
            if payload_hash(copy) != payload_hash(place):
                raise TagError("the audio would not stay the same; nothing was written")
            with open(copy, "rb") as file:
                os.fsync(file.fileno())
            os.replace(copy, place)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(copy)
    except OSError as error:
        raise TagError(cause(error)) from error
    return True


@contextmanager
def _tagged_file(path: bytes, *, easy: bool = False) -> Iterator[Any]:
    """Give a file as mutagen opens it; its errors, then and later, are a TagError's."""
    try:
        audio = mutagen.File(os.fsdecode(path), easy=easy)
        if not hasattr(audio, "add_tags"):
            raise TagError("no tags can be written to this kind of file")
        yield audio
    except mutagen.MutagenError as error:
        raise TagError(f"cannot write tags: {error}") from error


def _set_tags(path: bytes, values: Mapping[str, str | None]) -> bool:
    """Set tags that no standard names, or remove those whose value is None.

    ``TXXX`` in ID3, freeform atoms in MP4, plain fields elsewhere. Returned is whether
    that changed the file.
    """
    with _tagged_file(path) as audio:
        if audio.tags is None:
            if not any(values.values()):
                return False
            audio.add_tags()
        if all(_read(audio.tags, name) == value for name, value in values.items()):
            return False
        for name, value in values.items():
            _put(audio.tags, name, value)
        audio.save()
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
    is_raw = isinstance(first, bytes)  # of MP4
    return bytes(first).decode("utf-8", "replace") if is_raw else str(first)


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
