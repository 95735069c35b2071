"""Changes on their way into the catalog, a transaction for each batch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from catalog import library as tracks
from catalog.exceptions import NotFiniteError

if TYPE_CHECKING:
    from catalog.database import Catalog
    from catalog.records import Change
    from scanner.signals import Interrupts

_MOST = 128
_LONGEST_S = 2.0


class Batch:
    """Collects changes and stores them together.

    Parameters
    ----------
    catalog : Catalog
    interrupts : Interrupts
        Ctrl-C is put off while a batch is being stored.
    """

    def __init__(self, catalog: Catalog, interrupts: Interrupts) -> None:
        self._catalog = catalog
        self._interrupts = interrupts
        self._changes: list[Change] = []
        self._since = 0.0

    def add(self, *changes: Change) -> None:
        """Take changes in."""
        if changes and not self._changes:
            self._since = time.monotonic()
        self._changes += changes

    def flush_if_due(self) -> None:
        """Store what there is if it is much, or has waited long."""
        waited = time.monotonic() - self._since
        if self._changes and (len(self._changes) >= _MOST or waited > _LONGEST_S):
            self.flush()

    def flush(self) -> None:
        """Store what there is.

        Raises
        ------
        CatalogError
            Nothing of the batch was stored.
        """
        if not self._changes:
            return
        changes, self._changes = self._changes, []
        with self._interrupts.held():
            try:
                tracks.apply(self._catalog, changes)
            except NotFiniteError:
                for change in changes:
                    self._store_alone(change)

    def _store_alone(self, change: Change) -> None:
        """Store one change; an analysis that is no number becomes a failure."""
        from catalog.records import FileFailed, TrackSeen  # noqa: PLC0415 (rarely)

        try:
            tracks.apply(self._catalog, [change])
        except NotFiniteError as error:
            if not isinstance(change, TrackSeen):
                raise
            failed = FileFailed(
                change.root_id, change.path, change.stamp, "features", str(error)
            )
            tracks.apply(self._catalog, [failed])
