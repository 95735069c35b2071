"""What a scan is to look at, and in which order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from catalog import library as tracks
from catalog.known import Stamp
from catalog.scans import last_options
from scanner.exceptions import NothingToScanError
from scanner.scopes import known_scopes, resolve
from scanner.tag_rules import RuleBook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.database import Catalog
    from catalog.records import Root
    from scanner.analyze import FileTask
    from scanner.plan import Survey
    from scanner.scopes import Scope
    from scanner.settings import ScanSettings


def book_of(
    catalog: Catalog | None, scopes: Sequence[Scope], settings: ScanSettings
) -> RuleBook:
    """Return by which rules tags are to be read: as before, and as asked for now."""
    before = RuleBook.remembered(last_options(catalog) if catalog else {})
    return before.revised((scope.path for scope in scopes), settings)


def scopes_of(paths: Sequence[bytes], catalog: Catalog | None) -> list[Scope]:
    """Return what to look at.

    Raises
    ------
    NothingToScanError
        No path was given and no root is known.
    """
    known = tracks.roots(catalog) if catalog else []
    if paths:
        return resolve(paths, [root.path for root in known])
    alive = [root.path for root in known if catalog and _is_alive(catalog, root)]
    if not alive:
        raise NothingToScanError
    return known_scopes(alive)


def _is_alive(catalog: Catalog, root: Root) -> bool:
    """Say whether a root is more than history: all of it may have gone elsewhere."""
    return os.path.isdir(root.path) or any(
        track.missing_since is None for track in tracks.known_tracks(catalog, root.id)
    )


def tasks_of(
    survey: Survey, root_ids: dict[bytes, int], book: RuleBook
) -> list[tuple[str, FileTask]]:
    """Return the kind and the task of every file to read, the longest first.

    A long file that began last would keep one core busy while the others idle.
    """
    found = list(survey.found("new", "changed", "stale", "misread"))
    if not found:
        return []
    from scanner.analyze import FileTask  # noqa: PLC0415 (loads what reads files)
    from scanner.durations import Durations  # noqa: PLC0415

    durations = Durations()
    files = sorted(
        (
            (kind, durations.of(file.path, file.size), file, root)
            for kind, root, file in found
        ),
        key=lambda item: (-item[1], item[2].root, item[2].path),
    )
    return [
        (
            kind,
            FileTask(
                number,
                root_ids.get(file.root, 0),
                file.root,
                file.path,
                Stamp(file.size, file.mtime_ns),
                expected_s,
                rules=book.at(os.path.join(file.root, file.path)),
                payload=root.differences.payloads.get(file.path),
            ),
        )
        for number, (kind, expected_s, file, root) in enumerate(files)
    ]
