"""Where the catalog lies: an option, the environment, or the user's data folder."""

from __future__ import annotations

import os
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
    path = Path(place.removeprefix(_SQLITE)).expanduser()
    return f"{_SQLITE}{path.absolute()}"


def sqlite_path(url: str) -> Path | None:
    """Return the file of a SQLite URL; ``None`` for a database on a server."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def _default() -> str:
    from platformdirs import user_data_path  # noqa: PLC0415 (rarely needed)

    return str(user_data_path("sonicat", appauthor=False) / "catalog.db")
