"""The labels of a run, written into the tags of the files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from catalog.database import Catalog
from catalog.library import track_paths
from catalog.predictions import track_predictions
from scanner.exceptions import ScannerError
from scanner.tags.write import set_label


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A file and the label that goes into it; None takes it out."""

    path: bytes
    label: str | None
    probability: float | None

    def __str__(self) -> str:
        """Return the path and the label, for a person."""
        name = os.fsdecode(self.path).encode("utf-8", "backslashreplace").decode()
        if self.label is None:
            return f"{name}: no label"
        return f"{name}: {self.label} ({self.probability:.3f})"


def labels_to_write(catalog: Catalog, run_id: int) -> list[LabelChange]:
    """Return the label that a run gives each file that is present, by path."""
    paths = track_paths(catalog)
    changes = [
        LabelChange(paths[one.track_id], one.label, one.p_label)
        for one in track_predictions(catalog, run_id)
        if one.track_id in paths
    ]
    return sorted(changes, key=lambda change: change.path)


def labels_to_remove(catalog: Catalog) -> list[LabelChange]:
    """Return the removal of the label from each file that is present, by path."""
    return [
        LabelChange(path, None, None) for path in sorted(track_paths(catalog).values())
    ]


def write_labels(
    changes: Iterable[LabelChange],
) -> Iterator[tuple[LabelChange, bool, str | None]]:
    """Write the changes into the files one by one.

    Yields
    ------
    change : LabelChange
    is_changed : bool
    error : str or None
        Why this file could not be written; the others go on.
    """
    for change in changes:
        try:
            is_changed = set_label(change.path, change.label, change.probability)
        except ScannerError as error:
            yield change, False, str(error)
        else:
            yield change, is_changed, None
