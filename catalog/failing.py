"""Turn what a database driver raises into what a person can act on."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from catalog.exceptions import (
    CatalogBusyError,
    CatalogError,
    CatalogFullError,
    NotACatalogError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.database import Catalog

_SITUATIONS: tuple[tuple[tuple[str, ...], type[CatalogError], str], ...] = (
    (
        ("database or disk is full", "no space left", "disk quota"),
        CatalogFullError,
        "no room to write ({said}); what was stored before is safe: "
        "free some space and run the command again",
    ),
    (
        ("disk i/o error", "could not write", "could not read"),
        CatalogError,
        "the drive refused ({said}); what was stored before is safe: "
        "see that it has room and is connected, then run the command again",
    ),
    (
        ("database is locked", "database table is locked", "lock timeout"),
        CatalogBusyError,
        "another program holds the catalog ({said}); "
        "close it or wait, then run the command again",
    ),
    (
        ("file is not a database", "malformed", "file is encrypted"),
        NotACatalogError,
        "not a catalog, or a damaged one ({said}); examine it with "
        "'sonicat db check', or name another with --db",
    ),
    (
        ("unable to open", "readonly database", "authorization denied"),
        CatalogError,
        "cannot be opened or written ({said}); check the permissions of "
        "the file and its folder, or name another with --db",
    ),
)


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
    said = " ".join(str(error).split())
    for words, kind, what_to_do in _SITUATIONS:
        if any(word in said.lower() for word in words):
            return kind(f"{name}: {what_to_do.format(said=said)}")
    return CatalogError(f"{name}: {said}")
