"""Write a model's label into a file, or take it out again; the audio stays as it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress

from scanner.audio.files import cause
from scanner.audio.payload import payload_hash
from scanner.exceptions import TagError
from scanner.tags.label import set_free_tags

LABEL = "SONICAT_LABEL"
PROBABILITY = "SONICAT_PROBABILITY"


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
