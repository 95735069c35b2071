"""ID3v1 and ID3v2, of every version and as found in the wild."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from mutagen import id3
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3

from catalog.records import TagFacts
from scanner.tags import TagRules, read_tags

DEFAULT = TagRules()


def tags_of(path: Path, rules: TagRules = DEFAULT) -> TagFacts:
    return read_tags(bytes(path), rules)[0]


def put(path: Path, *frames: id3.Frame, version: int = 4, v1: int = 0) -> Path:
    tag = ID3()
    for frame in frames:
        tag.add(frame)
    if version == 3:
        tag.update_to_v23()
    tag.save(path, v2_version=version, v1=v1, v23_sep=None)
    return path


@pytest.mark.parametrize(
    ("frames", "version", "artists"),
    [
        ([id3.TPE1(3, ["A", "B"])], 4, ("A", "B")),
        ([id3.TPE1(1, ["A", "B"])], 3, ("A", "B")),
        ([id3.TPE1(1, ["A; B"])], 3, ("A", "B")),
        ([id3.TPE1(1, ["A\\\\B"])], 3, ("A", "B")),
        (
            [id3.TPE1(3, ["A feat. B"]), id3.TXXX(3, "ARTISTS", ["A", "B"])],
            4,
            ("A", "B"),
        ),
        ([id3.TPE1(3, ["A feat. B"])], 4, ("A feat. B",)),
        ([id3.TPE1(3, ["AC/DC"])], 3, ("AC/DC",)),
        ([id3.TPE1(3, ["Earth, Wind & Fire"])], 4, ("Earth, Wind & Fire",)),
        ([id3.TPE1(3, ["A", "a", "A "])], 4, ("A",)),
        ([id3.TPE1(3, ["<Unknown>"])], 4, ()),
    ],
)
def test_artists_in_all_the_ways_that_id3_holds_them(
    copy: Any, frames: list[id3.Frame], version: int, artists: tuple[str, ...]
) -> None:
    assert tags_of(put(copy("bare.mp3"), *frames, version=version)).artists == artists


def test_separators_are_a_matter_of_taste(copy: Any) -> None:
    path = put(copy("bare.mp3"), id3.TPE1(3, ["A/B feat. C & Featuring D"]))
    rules = TagRules(artist_separators=("/", "feat.", "ft."))
    assert tags_of(path, rules).artists == ("A", "B", "C & Featuring D")


@pytest.mark.parametrize(
    ("frames", "version", "date", "original"),
    [
        ([id3.TDRC(3, ["2013-08-25"]), id3.TDOR(3, ["1988"])], 4, "2013-08-25", "1988"),
        ([id3.TYER(0, ["1988"]), id3.TORY(0, ["1986"])], 3, "1988", "1986"),
        ([id3.TXXX(3, "ORIGINALYEAR", ["1988"])], 4, None, "1988"),
        ([id3.TXXX(3, "originaldate", ["1988-08"])], 4, None, "1988-08"),
        ([id3.TDRC(3, ["0000"])], 4, None, None),
    ],
)
def test_dates_of_release_and_of_the_original(
    copy: Any,
    frames: list[id3.Frame],
    version: int,
    date: str | None,
    original: str | None,
) -> None:
    tags = tags_of(put(copy("bare.mp3"), *frames, version=version))
    assert (tags.date, tags.original_date) == (date, original)


def test_a_year_with_a_day_of_its_own_is_one_date(copy: Any) -> None:
    """ID3v2.3 keeps the day in a frame of its own, TDAT, as DDMM."""
    path = copy("bare.mp3")
    raw = b""
    for name, text in ((b"TYER", b"1988"), (b"TDAT", b"2508")):
        raw += name + struct.pack(">IH", 1 + len(text), 0) + b"\0" + text
    path.write_bytes(b"ID3\3\0\0\0\0\0" + bytes([len(raw)]) + raw + path.read_bytes())
    assert tags_of(path).date == "1988-08-25"


def test_genres_by_number_and_in_words(copy: Any) -> None:
    path = put(copy("bare.mp3"), id3.TCON(0, ["(17)(9)Very Own"]), version=3)
    assert tags_of(path).genres == ("Rock", "Metal", "Very Own")
    path = put(copy("bare.mp3"), id3.TCON(3, ["17", "Doom", "Rock"]))
    assert tags_of(path).genres == ("Rock", "Doom")
    flac: Any = FLAC(copy("a.flac"))
    flac["genre"] = ["Rock; Pop", "Jazz"]
    flac.save()
    assert tags_of(Path(flac.filename)).genres == ("Rock", "Pop", "Jazz")


def test_contradictory_tags_are_ranked(copy: Any) -> None:
    """ID3v2 speaks first, then APEv2, and ID3v1 fills what is left."""
    path = copy("bare.mp3")
    put(path, id3.TIT2(3, ["from v2"]), id3.TALB(3, ["v2"]))
    ape: Any = APEv2()
    ape["Title"] = "from ape"
    ape["Artist"] = "ape artist"
    ape.save(path)
    v1 = b"TAG" + b"from v1".ljust(30, b"\0") + b"v1 artist".ljust(30, b"\0")
    v1 += bytes(30) + b"1988" + bytes(28) + b"\0\7\x11"
    path.write_bytes(path.read_bytes() + v1)
    tags = tags_of(path)
    assert (tags.title, tags.album, tags.artists) == ("from v2", "v2", ("ape artist",))
    assert (tags.date, tags.track_number, tags.genres) == ("1988", 7, ("Rock",))
    assert dict(tags.sources) == {
        "album": "ID3v2:TALB",
        "title": "ID3v2:TIT2",
        "artists": "APEv2:Artist",
        "date": "ID3v1:Year",
        "track_number": "ID3v1:Track",
        "genres": "ID3v1:Genre",
    }
    assert ("TIT2", "from v2") in tags.raw
    assert ("APEv2:Title", "from ape") in tags.raw
    assert ("ID3v1:Title", "from v1") in tags.raw


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("Motörhead".encode("latin-1"), "Motörhead"),
        ("Motörhead".encode(), "Motörhead"),
        ("Кино".encode("cp1251"), "Кино"),
        ("椎名林檎 ギャンブル".encode("cp932"), "椎名林檎 ギャンブル"),
        ("Don\u2019t".encode("cp1252"), "Don\u2019t"),
        ("Sigur Rós".encode("latin-1"), "Sigur Rós"),
        ("Ænima".encode("latin-1"), "Ænima"),
    ],
)
def test_latin1_that_is_something_else(copy: Any, raw: bytes, wanted: str) -> None:
    path = copy("bare.mp3")
    frame = b"TPE1" + struct.pack(">IH", 1 + len(raw), 0) + b"\0" + raw
    head = b"ID3\3\0\0\0\0\0" + bytes([len(frame)])
    path.write_bytes(head + frame + path.read_bytes())
    assert tags_of(path).artists == (wanted,)
    v1 = b"TAG" + bytes(30) + raw[:30].ljust(30, b"\0") + bytes(64) + b"\xff"
    path.write_bytes(path.read_bytes()[len(head + frame) :] + v1)
    assert tags_of(path).artists == (wanted,)


def test_id3v2_of_the_old_kind(copy: Any) -> None:
    """Version 2.2 has names of three letters."""
    path = copy("bare.mp3")
    body = b""
    for name, text in (
        (b"TT2", b"\0Title"),
        (b"TP1", b"\0Artist"),
        (b"TRK", b"\x003/9"),
        (b"TYE", b"\x001988"),
        (b"TCO", b"\0(17)"),
        (b"PIC", b"\0JPG\3\0" + bytes(50)),
    ):
        body += name + len(text).to_bytes(3, "big") + text
    size = bytes((0, 0, len(body) >> 7, len(body) & 0x7F))
    path.write_bytes(b"ID3\2\0\0" + size + body + path.read_bytes())
    tags = tags_of(path)
    assert (tags.title, tags.artists, tags.genres) == ("Title", ("Artist",), ("Rock",))
    assert (tags.track_number, tags.track_total, tags.date) == (3, 9, "1988")
    assert all(len(value) < 20 for _, value in tags.raw)
