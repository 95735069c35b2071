"""ID3v1 and ID3v2, of every version and as found in the wild."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen import id3
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3

from catalog.records import TagFacts
from scanner.audio.mpeg import Declared, read_declared
from scanner.tags.id3 import read_id3v2
from scanner.tags.interpret import TagBlock
from scanner.tags.read import read_tags


def tags_of(path: Path, separators: tuple[str, ...] = ()) -> TagFacts:
    return read_tags(bytes(path), separators)[0]


def put(path: Path, *frames: id3.Frame, version: int = 4, v1: int = 0) -> Path:
    tag = ID3()
    for frame in frames:
        tag.add(frame)
    if version == 3:
        tag.update_to_v23()
    tag.save(path, v2_version=version, v1=v1, v23_sep=None)
    return path


@given(
    texts=st.lists(st.text(), min_size=1, max_size=3),
    codec=st.sampled_from(["utf-16", "utf-16-le", "utf-16-be"]),
    mark=st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff"]),
    end=st.sampled_from([b"", b"\0\0", b"\0", b"\0\0\0\0"]),
)
def test_utf16_reads_as_mutagen_reads_it(
    texts: list[str], codec: str, mark: bytes, end: bytes
) -> None:
    data = b"\1" + mark + b"\0\0".join(t.encode(codec) for t in texts) + end
    frame = b"TIT2" + struct.pack(">IH", len(data), 0) + data
    size = len(frame)
    tag = b"ID3\3\0\0" + bytes(size >> n & 0x7F for n in (21, 14, 7, 0)) + frame
    with tempfile.TemporaryFile() as file:
        file.write(tag)
        file.flush()
        block = read_id3v2(file.fileno())
    plain = ID3(io.BytesIO(tag), translate=False, load_v1=False)
    expected = [str(text) for text in plain["TIT2"].text] if "TIT2" in plain else []
    assert block == TagBlock.of("ID3v2", [("TIT2", text) for text in expected])


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
    separators = ("/", "feat.", "ft.")
    assert tags_of(path, separators).artists == ("A", "B", "C & Featuring D")


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


def pairs_of(path: Path, tag: bytes) -> dict[str, str]:
    """Return what the tag alone says."""
    path.write_bytes(tag)
    fd = os.open(path, os.O_RDONLY)
    try:
        block = read_id3v2(fd)
    finally:
        os.close(fd)
    assert block is not None
    return dict(block.pairs)


def frame3(name: bytes, body: bytes, flags: int = 0) -> bytes:
    """Return a frame of version 2.3, whose size is a plain integer."""
    return name + struct.pack(">IH", len(body), flags) + body


def test_unsynchronised_tags_are_decoded(tmp_path: Path, poison: ModuleType) -> None:
    """A byte order mark, FF FE, is written as FF 00 FE."""
    text = b"\1" + "Ünder".encode("utf-16")
    path = tmp_path / "tag"
    whole = frame3(b"TIT2", text).replace(b"\xff", b"\xff\0")
    tag = poison.id3(whole, version=3, flags=0x80)
    assert pairs_of(path, tag) == {"TIT2": "Ünder"}
    alone = poison.frame(b"TIT2", text.replace(b"\xff", b"\xff\0"))
    assert pairs_of(path, poison.id3(alone, flags=0x80)) == {"TIT2": "Ünder"}
    flagged = poison.frame(b"TIT2", text.replace(b"\xff", b"\xff\0"), flags=0x02)
    assert pairs_of(path, poison.id3(flagged)) == {"TIT2": "Ünder"}


def test_compressed_frames_are_inflated_up_to_a_limit(
    tmp_path: Path, poison: ModuleType
) -> None:
    path = tmp_path / "tag"
    for size, kept in ((100, 100), (50 << 20, 4096)):
        packed = zlib.compress(b"\3" + b"x" * size)
        body = size.to_bytes(4, "big") + packed
        tag = poison.id3(frame3(b"TIT2", body, flags=0x80), version=3)
        assert pairs_of(path, tag) == {"TIT2": "x" * kept}
        tag = poison.id3(poison.frame(b"TIT2", bytes(4) + packed, flags=0x09))
        assert pairs_of(path, tag) == {"TIT2": "x" * kept}
    broken = poison.frame(b"TIT2", bytes(4) + b"junk", flags=0x09)
    secret = poison.frame(b"TALB", b"\3secret", flags=0x04)
    good = poison.frame(b"TPE1", b"\3good")
    assert pairs_of(path, poison.id3(broken + secret + good)) == {"TPE1": "good"}


def test_sizes_as_old_itunes_wrote_them(tmp_path: Path, poison: ModuleType) -> None:
    """Plain integers in version 2.4, where seven bits of each byte should count."""
    path = tmp_path / "tag"
    long = b"\3" + b"y" * 299
    good = poison.frame(b"TPE1", b"\3artist")
    plain = b"TIT2" + struct.pack(">IH", len(long), 0) + long
    for title in (plain, poison.frame(b"TIT2", long)):
        wanted = {"TIT2": "y" * 299, "TPE1": "artist"}
        assert pairs_of(path, poison.id3(title + good)) == wanted
        assert pairs_of(path, poison.id3(good + title)) == wanted


def test_extended_headers_are_stepped_over(tmp_path: Path, poison: ModuleType) -> None:
    path = tmp_path / "tag"
    v3 = struct.pack(">IHI", 6, 0, 0) + frame3(b"TIT2", b"\0title")
    v4 = b"\0\0\0\6\1\0" + poison.frame(b"TIT2", b"\3title")
    for tag in (
        poison.id3(v3, version=3, flags=0x40),
        poison.id3(v4, version=4, flags=0x40),
    ):
        assert pairs_of(path, tag) == {"TIT2": "title"}


def test_the_vbri_header_of_fraunhofers_encoder(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    vbri = b"VBRI" + struct.pack(">HHHII", 1, 0, 0, 12345, 678)
    path.write_bytes((b"\xff\xfb\x90\x44" + bytes(32) + vbri).ljust(417, b"\0"))
    fd = os.open(path, os.O_RDONLY)
    found = read_declared(fd, 0)
    os.close(fd)
    assert found is not None
    assert found[1] == Declared(frames=678, size=12345)
