"""The base of the tables: constraints, times in UTC, references, plain inserts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    MetaData,
    TypeDecorator,
    insert,
)
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC, stored without an offset so that every database reads the same."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Turn an aware time into naive UTC; refuse one whose zone is unknown."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: datetime | None, _: Dialect
    ) -> datetime | None:
        """Return the stored time with its zone."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """The declarative base; names every constraint so that a migration can find it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        datetime: UtcDateTime,
        float: Double,
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[float]: JSON,
    }


Id = Annotated[int, mapped_column(primary_key=True)]
Position = Annotated[int, mapped_column(primary_key=True, autoincrement=False)]


def reference(column: str, **more: Any) -> MappedColumn[Any]:
    """Return a column that refers to a row of another table."""
    return mapped_column(ForeignKey(column), **more)


def owner(column: str, **more: Any) -> MappedColumn[Any]:
    """Return a column that refers to a row, with which this one is deleted."""
    return mapped_column(ForeignKey(column, ondelete="CASCADE"), **more)


def insert_plain(
    connection: Connection,
    table: type[Base],
    columns: Sequence[str],
    rows: Sequence[tuple[float | str | None, ...]],
) -> None:
    """Insert rows of numbers and texts alone, in the order of `columns`.

    SQLAlchemy would prepare every value of every row, which takes longer than the
    database does; numbers and texts need no preparation.
    """
    if not rows:
        return
    compiled = insert(table).compile(
        dialect=connection.dialect, column_keys=list(columns)
    )
    if compiled.positional:
        places = [columns.index(name) for name in compiled.positiontup or columns]
        values: Any = [tuple(row[place] for place in places) for row in rows]
    else:
        values = [dict(zip(columns, row, strict=True)) for row in rows]
    connection.exec_driver_sql(str(compiled), values)
