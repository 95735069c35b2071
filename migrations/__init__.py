"""The schema's migrations: scripts in SQLite's SQL, which Alembic runs by number."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

_POSTGRESQL = (
    ("\tid INTEGER", "\tid SERIAL"),
    ("BLOB", "BYTEA"),
    ("DATETIME", "TIMESTAMP"),
    ("DOUBLE", "DOUBLE PRECISION"),
    # An index of PostgreSQL has no room for long paths, only for their hashes.
    ("(root_id, path)", "(root_id, sha256(path))"),
)


def sqlite_script(version: str) -> str | None:
    """Return the SQL that makes an empty SQLite catalog without Alembic.

    Returns
    -------
    str or None
        All scripts up to `version`; None where that migration is no script.
    """
    scripts = sorted(FOLDER.glob("*.sql"))
    if not scripts or not scripts[-1].name.startswith(f"{version}_"):
        return None
    texts = [script.read_text("utf-8") for script in scripts]
    mark = f"UPDATE alembic_version SET version_num = '{version}';\n"  # noqa: S608
    return "".join([*texts, mark])


def statements(script: str, dialect: str) -> list[str]:
    """Return the statements of a script, in the SQL of a database.

    Parameters
    ----------
    script : str
        A file beside this one; each of its statements ends a line.
    dialect : {"sqlite", "postgresql"}

    Returns
    -------
    list of str
        Without those about Alembic's own table, which Alembic keeps itself.
    """
    text = (FOLDER / script).read_text("utf-8")
    if dialect == "postgresql":
        for ours, theirs in _POSTGRESQL:
            text = text.replace(ours, theirs)
    found = (statement.strip() for statement in text.split(";\n"))
    return [one for one in found if one and "alembic_version" not in one]
