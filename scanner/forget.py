"""Take off the records what was never more than a trace: failures, and empty roots."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from catalog import library as tracks
from scanner.scopes import outermost

if TYPE_CHECKING:
    from catalog.database import Catalog
    from scanner.plan import Survey


def forget_what_is_gone(catalog: Catalog, survey: Survey) -> None:
    """Forget failures of files, and roots without a track, that are no more.

    Tracks are never forgotten: they are marked missing, and may come back.
    """
    for root in survey.roots:
        gone = root.differences.forgotten
        if gone and os.path.isdir(root.path):
            tracks.forget_failures(catalog, root.root_id, gone)
    known = tracks.roots(catalog)
    outer = set(outermost(root.path for root in known))
    for one in known:
        if one.path not in outer or not os.path.isdir(one.path):
            tracks.drop_root(catalog, one.id)
