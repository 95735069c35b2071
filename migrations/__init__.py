"""Schema migrations, shipped inside the wheel."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def sqlite_script(version: str) -> str | None:
    """Return the SQL that makes an empty SQLite catalog of a version, if it is kept."""
    script = FOLDER / f"schema-{version}.sql"
    return script.read_text("utf-8") if script.exists() else None
