"""Write the demo library: two artists with three albums each, tagged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from catalog.records import TagFacts
from scanner.audio.encode import encode
from scanner.demo.compose import play
from scanner.demo.instruments import SR
from scanner.demo.styles import ARTISTS, Album, Artist, vary
from scanner.exceptions import ScannerError
from scanner.tags.write import write_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# codec, suffix, bitrate: drawn at random, so that they say nothing of the artist
_FORMATS = (
    ("mp3", "mp3", "160k"),
    ("flac", "flac", None),
    ("vorbis", "ogg", "128k"),
)
_SHORTEST_S, _LONGEST_S = 36.0, 58.0


class DemoError(ScannerError):
    """The demo library cannot be written there."""


def make_demo(
    folder: Path,
    *,
    seed: int = 0,
    force: bool = False,
    report: Callable[[Path, int, int], None] | None = None,
) -> list[Path]:
    """Write a small tagged library of synthesised music into `folder`.

    Two artists with three albums each, four or five tracks an album, as MP3, FLAC and
    Ogg Vorbis in turns: alike enough to be confused now and then. Each artist's last
    album differs from the ones before, and is from after 1988 and 1990.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.
    seed : int
        The same seed makes the same music, and with the same ffmpeg the same files.
    force : bool
        Write into a folder that holds something already.
    report : callable (path, done, total), optional
        Told of every file that was written.

    Returns
    -------
    list of Path
        Of the files, in order.

    Raises
    ------
    DemoError
        If the folder is not empty and `force` is not set, or cannot be written.
    """
    _prepare(folder, force=force)
    tracks = list(_tracks(folder))
    written: list[Path] = []
    rng = np.random.default_rng(seed)
    for place, (path_stem, artist, album, number) in enumerate(tracks):
        # A generator of its own: a track does not depend on those before it.
        (own,) = rng.spawn(1)
        codec, suffix, bitrate = _FORMATS[(place + int(own.integers(3))) % 3]
        path = path_stem.with_name(f"{path_stem.name}.{suffix}")
        seconds = own.uniform(_SHORTEST_S, _LONGEST_S)
        samples = play(vary(artist.style, album, own), seconds, own)
        path.parent.mkdir(parents=True, exist_ok=True)
        encode(samples, SR, path, codec, bitrate)
        write_tags(bytes(path), _tags(artist, album, number))
        written.append(path)
        if report:
            report(path, len(written), len(tracks))
    return written


def _prepare(folder: Path, *, force: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not force and any(folder.iterdir()):
            raise DemoError(
                f"{folder} is not empty: name another folder, or use --force"
            )
    except OSError as error:
        raise DemoError(f"{folder}: {error.strerror}") from error


def _tracks(folder: Path) -> Iterator[tuple[Path, Artist, Album, int]]:
    for artist in ARTISTS:
        for album in artist.albums:
            place = folder / artist.name / f"{album.title} ({album.year})"
            for number, title in enumerate(album.tracks, start=1):
                yield place / f"{number:02} {title}", artist, album, number


def _tags(artist: Artist, album: Album, number: int) -> TagFacts:
    return TagFacts(
        title=album.tracks[number - 1],
        artists=(artist.name,),
        albumartist=artist.name,
        album=album.title,
        track_number=number,
        track_total=len(album.tracks),
        date=str(album.year),
        genres=(artist.genre,),
    )
