"""The root of the errors that a user reads, and the errors of the catalog."""

from __future__ import annotations


class SonicatError(Exception):
    """Root of everything this program raises on purpose.

    The message is one line for a person: what is wrong, with which thing, and what to
    do next. `sonicat.errors.report_error` prints it.

    Attributes
    ----------
    exit_code : int
        The exit status of a command that it ends: 1 for a failure, 2 for wrong usage,
        130 for an interruption.
    """

    exit_code = 1


class InterruptedRunError(SonicatError):
    """Ctrl-C or a signal ended the command; the message says what was kept."""

    exit_code = 130


class CatalogError(SonicatError):
    """Root of everything the catalog raises."""


class CatalogMissingError(CatalogError):
    """There is no catalog at the place that was asked for."""


class CatalogGoneError(CatalogError):
    """The catalog's file was removed, or moved, while it was in use."""


class NotACatalogError(CatalogError):
    """The file or database is there but holds something else, or is damaged."""


class CatalogTooNewError(CatalogError):
    """The catalog was written by a newer version of the program."""


class CatalogTooOldError(CatalogError):
    """The catalog needs an upgrade that reading alone may not do."""


class CatalogBusyError(CatalogError):
    """Another process holds the catalog."""


class CatalogFullError(CatalogError):
    """The disk or the quota is full; what was committed before is safe."""


class NotFiniteError(CatalogError):
    """A number to be stored is NaN or infinite."""
