"""Tracks that are not where they were: found by their stamps, or by their audio."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from catalog.records import KnownTrack, TrackMoved, TrackReturned
    from scanner.plan import Survey, Surveyor


def found_again(
    survey: Survey, root_ids: Mapping[bytes, int]
) -> Iterator[TrackMoved | TrackReturned]:
    """Yield the tracks that moved or came back, as far as the survey alone shows."""
    back = [track for root in survey.roots for track in root.differences.returned]
    adopted = [change for root in survey.roots for change in root.adopted]
    if not (back or adopted or survey.moves):
        return
    from catalog.records import Stamp, TrackMoved, TrackReturned  # noqa: PLC0415

    yield from adopted
    for track in back:
        yield TrackReturned(track.id)
    for track, file in survey.moves:
        stamp = Stamp(file.size, file.mtime_ns)
        yield TrackMoved(track.id, root_ids[file.root], file.path, stamp)


class LostTracks:
    """Known tracks by payload, for matching with files at new places.

    Parameters
    ----------
    survey : Survey
    surveyor : Surveyor
    """

    def __init__(self, survey: Survey, surveyor: Surveyor) -> None:
        self._found = {move.track.id for move in survey.moves}
        self._by_payload: dict[str, list[KnownTrack]] = {}
        for root in survey.roots:
            for track in (*root.differences.gone, *root.differences.absent):
                self._add(track)
        self._changed = {
            (root.root_id, track.path): track.payload_hash
            for root in survey.roots
            for track in root.differences.before
        }
        self._surveyor = surveyor
        self._surveyed = [root.path for root in survey.roots]
        self._elsewhere: dict[str, list[tuple[bytes, KnownTrack]]] | None = None

    def is_found(self, track: KnownTrack) -> bool:
        """Say whether a lost track turned up at another place."""
        return track.id in self._found

    def payload_at(self, root_id: int, path: bytes) -> str | None:
        """Return the payload hash that a changed file had before."""
        return self._changed.get((root_id, path))

    def take(self, payload: str) -> KnownTrack | None:
        """Return a lost track with that audio, and count it as found."""
        for track in self._by_payload.get(payload, []):
            if track.id not in self._found:
                self._found.add(track.id)
                return track
        for folder, track in self._others().get(payload, []):
            gone = not os.path.lexists(os.path.join(folder, track.path))
            if gone and track.id not in self._found:
                self._found.add(track.id)
                return track
        return None

    def _add(self, track: KnownTrack) -> None:
        self._by_payload.setdefault(track.payload_hash, []).append(track)

    def _others(self) -> dict[str, list[tuple[bytes, KnownTrack]]]:
        """Return the tracks of the roots that were not surveyed."""
        if self._elsewhere is None:
            self._elsewhere = {}
            for root, track in self._surveyor.elsewhere(self._surveyed):
                place = (root.path, track)
                self._elsewhere.setdefault(track.payload_hash, []).append(place)
        return self._elsewhere
