"""The audio of a catalogued track, in ranges, so that a player can jump.

A request names a track by its number, never by a path. The file must lie under the
root that was scanned, links resolved: a catalog can come from a stranger.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from catalog.browse import track_file
from webapp.context import catalog
from webapp.errors import GoneError, NotFoundError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

    from catalog.browse import TrackFile

media = Blueprint("media", __name__)

TYPES = {
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "mp4": "audio/mp4",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
    "aiff": "audio/aiff",
    "webm": "audio/webm",
    "matroska": "audio/webm",
}
_OTHER = "application/octet-stream"

GONE = (
    "the file is not where the last scan found it; put it back, "
    "or run `scan` on the folder so that the catalog learns where it went"
)


@media.get("/audio/<int:track_id>")
def audio(track_id: int) -> BaseResponse:
    """Send a track's file, or the range of it that was asked for."""
    place = track_file(catalog(), track_id)
    if place is None:
        raise NotFoundError(f"there is no track {track_id}")
    file = open_track(place)
    size = os.fstat(file.fileno()).st_size
    answer = Response(
        wrap_file(request.environ, file),
        mimetype=TYPES.get(place.container or "", _OTHER),
        direct_passthrough=True,
    )
    answer.content_length = size
    answer.headers["Cache-Control"] = "private, no-cache"
    try:
        return answer.make_conditional(
            request, accept_ranges=True, complete_length=size
        )
    except RequestedRangeNotSatisfiable:
        file.close()
        raise


def open_track(place: TrackFile) -> BinaryIO:
    """Open a track's file for reading.

    Raises
    ------
    GoneError
        It is not there, is no ordinary file, or lies outside its root.
    """
    root = os.path.realpath(place.root)
    path = os.path.realpath(root + b"/" + place.path)
    if os.path.commonpath([root, path]) != root:
        raise GoneError(GONE)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise GoneError(GONE) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise GoneError(GONE)
    return os.fdopen(fd, "rb")


def is_there(place: TrackFile) -> bool:
    """Return whether a track's file can be played."""
    try:
        open_track(place).close()
    except GoneError:
        return False
    return True
