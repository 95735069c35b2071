"""Write tags into a file, through mutagen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mutagen import id3
from mutagen.aiff import AIFF
from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.id3 import ID3, ID3NoHeaderError
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from scanner.audio.files import cause, identify, open_path
from scanner.exceptions import FileError, TagError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from catalog.records import TagFacts

Fields = dict[str, list[str]]


def write_tags(path: bytes, tags: TagFacts) -> None:
    """Write the facts of `tags` into the file at `path`; other tags of it stay.

    ID3v2.4 is written to MP3, AAC, WAV and AIFF, and the tag of its own to FLAC, Ogg,
    MP4, ASF, APE, WavPack and Musepack. A fact that is None or empty stays as it is.

    Raises
    ------
    TagError
        If the file cannot be written, or its container takes no tags.
    IdentifyError
        If the content is no audio.
    """
    try:
        with open(open_path(path, os.O_RDWR), "r+b") as file:
            _writer(identify(file.fileno()).container)(file, tags)
    except FileError:
        raise
    except OSError as error:
        raise TagError(cause(error)) from error
    except Exception as error:  # mutagen lets any error of its parsing out
        raise TagError(f"cannot write tags: {error}") from error


def _writer(container: str) -> Callable[[IO[bytes], TagFacts], None]:
    if container not in _WRITERS:
        raise TagError(f"no tags can be written to {container}")
    return _WRITERS[container]


def _fields(tags: TagFacts) -> Fields:
    """Return the facts under the names of Vorbis comments, without the empty ones."""
    fields: dict[str, list[str | None]] = {
        "title": [tags.title],
        "artist": list(tags.artists),
        "albumartist": [tags.albumartist],
        "album": [tags.album],
        "tracknumber": [_of(tags.track_number, tags.track_total)],
        "discnumber": [_of(tags.disc_number, tags.disc_total)],
        "date": [tags.date],
        "originaldate": [tags.original_date],
        "genre": list(tags.genres),
        "compilation": ["1" if tags.compilation else None],
    }
    filled = {key: [text for text in texts if text] for key, texts in fields.items()}
    return {key: texts for key, texts in filled.items() if texts}


def _of(number: int | None, total: int | None) -> str | None:
    if number is None:
        return None
    return f"{number}/{total}" if total else str(number)


_ID3_FRAMES: dict[str, Any] = {
    "title": id3.TIT2,
    "artist": id3.TPE1,
    "albumartist": id3.TPE2,
    "album": id3.TALB,
    "tracknumber": id3.TRCK,
    "discnumber": id3.TPOS,
    "date": id3.TDRC,
    "originaldate": id3.TDOR,
    "genre": id3.TCON,
    "compilation": id3.TCMP,
}
_UTF8 = 3


def _add_frames(tag: Any, tags: TagFacts) -> None:
    for key, texts in _fields(tags).items():
        tag.add(_ID3_FRAMES[key](encoding=_UTF8, text=texts))


def _write_id3(file: IO[bytes], tags: TagFacts) -> None:
    file.seek(0)
    try:
        tag = ID3(file)
    except ID3NoHeaderError:
        tag = ID3()
    _add_frames(tag, tags)
    file.seek(0)
    tag.save(file)


def _write_chunked(kind: Callable[[Any], Any]) -> Callable[[IO[bytes], TagFacts], None]:
    def write(file: IO[bytes], tags: TagFacts) -> None:
        file.seek(0)
        audio = kind(file)
        if audio.tags is None:
            audio.add_tags()
        _add_frames(audio.tags, tags)
        file.seek(0)
        audio.save(file)

    return write


def _write_vorbis(file: IO[bytes], tags: TagFacts) -> None:
    file.seek(0)
    head = file.read(64)
    if head.startswith(b"OggS"):
        kind: Any = OggOpus if b"OpusHead" in head else OggVorbis
    else:
        kind = FLAC
    file.seek(0)
    audio = kind(file)
    if audio.tags is None:
        audio.add_tags()
    for key, texts in _fields(tags).items():
        audio[key] = texts
    file.seek(0)
    audio.save(file)


_MP4_KEYS = {
    "title": "©nam",
    "artist": "©ART",
    "albumartist": "aART",
    "album": "©alb",
    "date": "©day",
    "genre": "©gen",
}


def _write_mp4(file: IO[bytes], tags: TagFacts) -> None:
    file.seek(0)
    audio: Any = MP4(file)
    if audio.tags is None:
        audio.add_tags()
    for key, texts in _fields(tags).items():
        if key in _MP4_KEYS:
            audio[_MP4_KEYS[key]] = texts
    if tags.track_number:
        audio["trkn"] = [(tags.track_number, tags.track_total or 0)]
    if tags.disc_number:
        audio["disk"] = [(tags.disc_number, tags.disc_total or 0)]
    if tags.original_date:
        key = "----:com.apple.iTunes:ORIGINALDATE"
        audio[key] = [tags.original_date.encode()]
    if tags.compilation:
        audio["cpil"] = True
    file.seek(0)
    audio.save(file)


_ASF_KEYS = {
    "title": "Title",
    "artist": "Author",
    "albumartist": "WM/AlbumArtist",
    "album": "WM/AlbumTitle",
    "tracknumber": "WM/TrackNumber",
    "discnumber": "WM/PartOfSet",
    "date": "WM/Year",
    "originaldate": "WM/OriginalReleaseTime",
    "genre": "WM/Genre",
    "compilation": "WM/IsCompilation",
}


def _write_asf(file: IO[bytes], tags: TagFacts) -> None:
    file.seek(0)
    audio: Any = ASF(file)
    for key, texts in _fields(tags).items():
        audio[_ASF_KEYS[key]] = texts
    file.seek(0)
    audio.save(file)


_APE_KEYS = {
    "title": "Title",
    "artist": "Artist",
    "albumartist": "Album Artist",
    "album": "Album",
    "tracknumber": "Track",
    "discnumber": "Disc",
    "date": "Year",
    "originaldate": "ORIGINALDATE",
    "genre": "Genre",
    "compilation": "Compilation",
}


def _write_ape(file: IO[bytes], tags: TagFacts) -> None:
    file.seek(0)
    try:
        tag: Any = APEv2(file)
    except APENoHeaderError:
        tag = APEv2()
    for key, texts in _fields(tags).items():
        tag[_APE_KEYS[key]] = texts
    file.seek(0)
    tag.save(file)


_WRITERS: dict[str, Callable[[IO[bytes], TagFacts], None]] = {
    "mp3": _write_id3,
    "aac": _write_id3,
    "wav": _write_chunked(WAVE),
    "aiff": _write_chunked(AIFF),
    "flac": _write_vorbis,
    "ogg": _write_vorbis,
    "mp4": _write_mp4,
    "asf": _write_asf,
    "ape": _write_ape,
    "wavpack": _write_ape,
    "musepack": _write_ape,
}
