"""Say what stands in a catalog: its tables and views, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect

from catalog.models.base import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Inspector

    from catalog.database import Catalog


def describe(catalog: Catalog) -> Iterator[str]:
    """Yield the lines that describe a catalog, views first: they are its face."""
    with catalog.reading() as connection:
        inspector = inspect(connection)
        for view in sorted(inspector.get_view_names()):
            yield f"view {view}"
            yield from _columns(inspector, view)
            yield ""
        for table in Base.metadata.sorted_tables:
            ((rows,),) = catalog.rows(f"SELECT count(*) FROM {table.name}")  # noqa: S608
            yield f"table {table.name}, {rows} rows: {_purpose(table.name)}"
            yield from _columns(inspector, table.name)
            yield ""


def _columns(inspector: Inspector, name: str) -> Iterator[str]:
    columns = inspector.get_columns(name)
    width = max(len(column["name"]) for column in columns)
    refers = _references(inspector, name)
    for column in columns:
        kind = str(column["type"]).lower()
        notes = [] if kind == "null" else [kind]  # a view's sums and means have none
        if column.get("primary_key"):
            notes.append("primary key")
        elif not column["nullable"]:
            notes.append("not null")
        if column["name"] in refers:
            notes.append(f"-> {refers[column['name']]}")
        yield f"    {column['name']:<{width}}  {', '.join(notes)}".rstrip()


def _references(inspector: Inspector, name: str) -> dict[str, str]:
    return {
        key["constrained_columns"][0]: (
            f"{key['referred_table']}.{key['referred_columns'][0]}"
        )
        for key in inspector.get_foreign_keys(name)
    }


def _purpose(table: str) -> str:
    """Return the first line of what the models say of a table."""
    for mapper in Base.registry.mappers:
        if mapper.class_.__tablename__ == table:
            return (mapper.class_.__doc__ or "").splitlines()[0]
    return ""
