"""Put a model's label among a file's tags, or take it out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import mutagen
from mutagen.asf import ASFTags
from mutagen.id3 import ID3, TXXX
from mutagen.mp4 import MP4FreeForm, MP4Tags

from scanner.exceptions import TagError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
