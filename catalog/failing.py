"""Turn what a database driver raises into what a person can act on."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from catalog.errors import (
    CatalogBusyError,
    CatalogError,
    CatalogFullError,
    NotACatalogError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.session import Catalog

_FULL = ("database or disk is full", "no space left", "disk quota")
_DRIVE = ("disk i/o error", "could not write", "could not read")
_BUSY = ("database is locked", "database table is locked", "lock timeout")
_DAMAGED = ("file is not a database", "malformed", "file is encrypted")


@contextmanager
def explained(catalog: Catalog) -> Iterator[None]:
    """Raise a :class:`CatalogError` in place of an error of the database."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(catalog.name, error) from error
    except Exception as error:
        original = _original(error)
        if original is None:
            raise
        raise _explain(catalog.name, original) from error


def _original(error: Exception) -> BaseException | None:
    """Return the driver's error inside one of SQLAlchemy, if it is one."""
    if "sqlalchemy" not in sys.modules:  # then it cannot be one: do not load it
        return None
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    return (error.orig or error) if isinstance(error, DBAPIError) else None


def _explain(name: str, error: BaseException) -> CatalogError:
    said = str(error)
    low = said.lower()
    if any(words in low for words in _FULL):
        return CatalogFullError(
            f"{name}: no room to write ({said}); what was stored before is safe: "
            "free some space and run the command again"
        )
    if any(words in low for words in _DRIVE):
        return CatalogError(
            f"{name}: the drive refused ({said}); what was stored before is safe: "
            "see that it has room and is connected, then run the command again"
        )
    if any(words in low for words in _BUSY):
        return CatalogBusyError(
            f"{name}: another program holds the catalog ({said}); "
            "close it or wait, then run the command again"
        )
    if any(words in low for words in _DAMAGED):
        return NotACatalogError(
            f"{name}: not a catalog, or a damaged one ({said}); examine it with "
            "'sonicat db check', or name another with --db"
        )
    return CatalogError(f"{name}: {said}")
