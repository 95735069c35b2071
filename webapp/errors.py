"""Exceptions of the web pages, each with its HTTP status."""

from __future__ import annotations

from catalog.exceptions import SonicatError


class WebError(SonicatError):
    """Root of everything this package raises; the message is shown to the reader."""

    status = 400


class NotFoundError(WebError):
    """There is no such track, report or job."""

    status = 404


class GoneError(WebError):
    """The catalog knows the track, but its file is not where it was."""

    status = 410


class ForbiddenError(WebError):
    """The request comes from elsewhere, or lacks the token."""

    status = 403


class NotReadyError(WebError):
    """What is asked for does not exist yet: no map, no run."""

    status = 409


class TooBigError(WebError):
    """The upload holds more bytes than are taken."""

    status = 413


class UploadError(WebError):
    """The upload is no audio, is damaged, too long, or took too much."""

    status = 422


class BusyError(WebError):
    """Too many uploads at once."""

    status = 503


class ServeError(SonicatError):
    """The server cannot start; the message says what to do."""
