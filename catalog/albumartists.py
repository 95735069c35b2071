"""Whom an album belongs to when its tags do not say: told from the rest of its folder.

Only a look at the whole folder can tell, so this runs after the files were stored.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from catalog.albums import VARIOUS, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DERIVED = "folder"  # what the table tag_sources says of such an album artist

_GUESTS = re.compile(r"\s+[(\[]?(?:feat\.?|ft\.|featuring)\s.*$", re.IGNORECASE)


class FolderTrack(NamedTuple):
    """What is known of one track of an album.

    Attributes
    ----------
    albumartist : str or None
        As its own tags have it.
    artist : str or None
        The first of its artists.
    compilation : bool
        Whether its tags call the album one.
    """

    albumartist: str | None
    artist: str | None
    compilation: bool = False


def albumartist_of(tracks: Sequence[FolderTrack]) -> str | None:
    """Return whose album it is, from its tracks in one folder.

    The one that some tags name, if they agree; else a compilation if the tags call it
    one; else the artist of all tracks, guests aside; else a compilation. ``None`` where
    no track has an artist.

    Examples
    --------
    >>> albumartist_of([FolderTrack(None, "Rush"), FolderTrack(None, "Rush feat. Ben")])
    'Rush'
    >>> albumartist_of([FolderTrack(None, "Rush"), FolderTrack(None, "Yes")])
    'Various Artists'
    """
    named = _spellings(track.albumartist for track in tracks)
    if len(named) == 1:
        return next(iter(named.values()))
    playing = _spellings(
        _GUESTS.sub("", track.artist) for track in tracks if track.artist
    )
    if len(playing) > 1 or any(track.compilation for track in tracks):
        return VARIOUS
    return next(iter(playing.values()), None)


def _spellings(names: Iterable[str | None]) -> dict[str, str]:
    """Return the names that differ in more than spelling, each as mostly spelled."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        if name:
            counts[fold(name)][name] += 1
    return {key: count.most_common(1)[0][0] for key, count in counts.items()}
