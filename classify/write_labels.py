"""The labels of a run, written into the tags of the files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from catalog.database import Catalog
from catalog.library import track_paths
from catalog.predictions import track_predictions
from scanner.exceptions import ScannerError
from scanner.tags.write import set_label


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A file, and the label that goes into it; None takes it out."""

    path: bytes
    label: str | None
    probability: float | None

    def __str__(self) -> str:
        """Return what is done, for a person."""
        name = os.fsdecode(self.path).encode("utf-8", "backslashreplace").decode()
        if self.label is None:
            return f"{name}: no label"
        return f"{name}: {self.label} ({self.probability:.3f})"


def labels_to_write(catalog: Catalog, run_id: int) -> list[LabelChange]:
    """Return what a run says of each file that is present, by path."""
    where = track_paths(catalog)
    return sorted(
        (
            LabelChange(where[said.track_id], said.label, said.p_label)
            for said in track_predictions(catalog, run_id)
            if said.track_id in where
        ),
        key=lambda writing: writing.path,
    )


def labels_to_remove(catalog: Catalog) -> list[LabelChange]:
    """Return the removal of the label from each file that is present, by path."""
    paths = sorted(track_paths(catalog).values())
    return [LabelChange(path, None, None) for path in paths]


def written(
    writings: list[LabelChange],
) -> Iterator[tuple[LabelChange, bool, str | None]]:
    """Do the writings one by one.

    Yields
    ------
    writing : Writing
    changed : bool
    error : str or None
        Why this file could not be written; the others go on.
    """
    for writing in writings:
        try:
            changed = set_label(writing.path, writing.label, writing.probability)
        except ScannerError as error:
            yield writing, False, str(error)
        else:
            yield writing, changed, None
