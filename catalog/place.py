"""Where the catalog lies: an option, the environment, or the user's data folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SQLITE = "sqlite:///"


def catalog_url(option: str | None = None) -> str:
    """Return the URL of the catalog to use.

    Parameters
    ----------
    option : str or None
        A path or an SQLAlchemy URL; ``None`` means ``$SONICAT_DB``, else
        ``catalog.db`` in the user's data folder.

    Returns
    -------
    str
        An SQLAlchemy URL; the path of a SQLite file is absolute in it.

    Examples
    --------
    >>> catalog_url("/music/catalog.db")
    'sqlite:////music/catalog.db'
    >>> catalog_url("postgresql+psycopg://localhost/music")
    'postgresql+psycopg://localhost/music'
    """
    place = option or os.environ.get("SONICAT_DB") or _default()
    if "://" in place and not place.startswith(_SQLITE):
        return place
    return _SQLITE + _absolute(place.removeprefix(_SQLITE))


def _absolute(path: str) -> str:
    if os.path.normpath(path) == path and not path.startswith("~"):
        return os.path.join(os.getcwd(), path)
    from pathlib import Path  # noqa: PLC0415 (loading it takes as long as all the rest)

    return str(Path(path).expanduser().absolute())


def sqlite_file(url: str) -> str | None:
    """Return the file of a SQLite URL; ``None`` for a database on a server."""
    return url.removeprefix(_SQLITE) if url.startswith(_SQLITE) else None


def sqlite_path(url: str) -> Path | None:
    """Return the same as a path object."""
    from pathlib import Path  # noqa: PLC0415

    file = sqlite_file(url)
    return None if file is None else Path(file)


def _default() -> str:
    from platformdirs import user_data_path  # noqa: PLC0415 (rarely needed)

    return str(user_data_path("sonicat", appauthor=False) / "catalog.db")
