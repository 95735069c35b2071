"""What can go wrong with a catalog, named for the situation of the person using it."""

from __future__ import annotations


class CatalogError(Exception):
    """Root of everything the catalog raises; the message says what to do next."""


class CatalogMissingError(CatalogError):
    """There is no catalog at the place that was asked for."""


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
