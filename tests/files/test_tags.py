"""Tags of every container, as taggers write them and as they are in the wild."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen import id3
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.mp4 import MP4, MP4FreeForm

from catalog.records import StreamFacts, TagFacts
from scanner.errors import TagError
from scanner.tags import TagRules, read_tags
from scanner.tags.write import write_tags

FULL = TagFacts(
    title="Frayed Ends of Sanity",
    artists=("Metallica", "A Guest"),
    albumartist="Metallica",
    album="…And Justice for All",
    track_number=7,
    track_total=9,
    disc_number=1,
    disc_total=2,
    date="1988-08-25",
    original_date="1988",
    genres=("Thrash Metal", "Metal"),
    compilation=True,
)
WRITABLE = (
    *("cbr.mp3", "bare.mp3", "a.flac", "a.ogg", "a.opus", "aac.m4a", "alac.m4a"),
    *("s16.wav", "a.aiff", "a.wma", "a.wv", "a.aac", "a.mp4"),
)
FACTS = tuple(FULL.__dataclass_fields__.keys() - {"raw", "sources"})
DEFAULT = TagRules()


@pytest.fixture
def copy(samples: dict[str, Path], tmp_path: Path) -> Any:
    """A function that gives a fresh copy of a sample."""

    def make(name: str) -> Path:
        path = tmp_path / f"copy of {name}"
        shutil.copyfile(samples[name], path)
        return path

    return make


def tags_of(path: Path, rules: TagRules = DEFAULT) -> TagFacts:
    return read_tags(bytes(path), rules)[0]


@pytest.mark.parametrize("name", WRITABLE)
def test_what_is_written_is_read_again(copy: Any, name: str) -> None:
    path = copy(name)
    write_tags(bytes(path), FULL)
    tags = tags_of(path)
    for fact in FACTS:
        assert getattr(tags, fact) == getattr(FULL, fact), fact
    told = dict(tags.sources)
    assert set(FACTS) <= set(told)
    assert all(":" in where for where in told.values())


@pytest.mark.parametrize("name", WRITABLE)
def test_writing_keeps_what_it_does_not_change(copy: Any, name: str) -> None:
    path = copy(name)
    write_tags(bytes(path), FULL)
    write_tags(bytes(path), TagFacts(title="Another"))
    tags = tags_of(path)
    assert tags.title == "Another"
    assert tags.album == FULL.album
    assert tags.artists == FULL.artists


@pytest.mark.parametrize("name", ["a.webm", "a.mka"])
def test_matroska_tells_its_tags(samples: dict[str, Path], name: str) -> None:
    tags, stream = read_tags(bytes(samples[name]))
    assert (tags.title, tags.artists) == ("A Title", ("An Artist",))
    assert stream.container == "matroska"
    assert stream.duration_s == pytest.approx(3, abs=0.05)


def test_containers_without_writer_say_so(copy: Any) -> None:
    with pytest.raises(TagError, match="matroska"):
        write_tags(bytes(copy("a.webm")), FULL)


STREAMS = {  # container, codec, lossless, bits
    "cbr.mp3": ("mp3", "mp3", False, None),
    "a.flac": ("flac", "flac", True, 24),
    "a.ogg": ("ogg", "vorbis", False, None),
    "a.opus": ("ogg", "opus", False, None),
    "flac.oga": ("ogg", "flac", True, 24),
    "aac.m4a": ("mp4", "aac", False, 16),
    "alac.m4a": ("mp4", "alac", True, 24),
    "a.aac": ("aac", "aac", False, None),
    "s16.wav": ("wav", "pcm", True, 16),
    "s24.wav": ("wav", "pcm", True, 24),
    "f32.wav": ("wav", "float", True, 32),
    "rf64.wav": ("wav", "pcm", True, 16),
    "a.aiff": ("aiff", "pcm", True, 16),
    "a.wma": ("asf", "wma", False, None),
    "a.wv": ("wavpack", "wavpack", True, None),
    "a.tta": ("tta", "tta", True, None),
    "a.webm": ("matroska", "opus", False, None),
    "a.mka": ("matroska", "flac", True, None),
    "a.caf": ("caf", "pcm_s16be", True, None),
    "a.au": ("au", "pcm_s16be", True, None),
    "a.w64": ("w64", "pcm_s16le", True, None),
}


@pytest.mark.parametrize("name", STREAMS)
def test_headers_say_what_the_stream_is(samples: dict[str, Path], name: str) -> None:
    stream = read_tags(bytes(samples[name]))[1]
    container, codec, lossless, bits = STREAMS[name]
    assert (stream.container, stream.codec) == (container, codec)
    assert stream.lossless is lossless
    assert stream.sample_rate == (48000 if codec == "opus" else 44100)
    if name != "a.tta":  # its header is not read that far
        assert stream.channels == 2
    # ADTS has no length: it is guessed from the first frames.
    assert stream.duration_s == pytest.approx(3, abs=0.5 if name == "a.aac" else 0.07)
    if bits is not None:
        assert stream.bits_per_sample == bits


def test_encoder_and_padding_are_told(samples: dict[str, Path]) -> None:
    mp3 = read_tags(bytes(samples["cbr.mp3"]))[1]
    assert mp3.encoder
    assert mp3.encoder.startswith("Lav")
    assert mp3.encoder_delay == 576
    assert mp3.encoder_padding is not None
    assert mp3.encoder_padding > 0
    assert mp3.duration_s == pytest.approx(3, abs=1e-6)
    assert read_tags(bytes(samples["a.opus"]))[1].encoder_delay == 312
    assert read_tags(bytes(samples["bare.mp3"]))[1].encoder_delay is None


def test_itunes_padding_is_told(copy: Any) -> None:
    path = copy("aac.m4a")
    audio: Any = MP4(path)
    audio["----:com.apple.iTunes:iTunSMPB"] = [
        MP4FreeForm(b" 00000000 00000840 000001CA 00000000003F31F6 00000000")
    ]
    audio.save()
    stream = read_tags(bytes(path))[1]
    assert (stream.encoder_delay, stream.encoder_padding) == (0x840, 0x1CA)


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


def test_artists_of_other_containers(copy: Any) -> None:
    flac: Any = FLAC(copy("a.flac"))
    flac["artist"] = ["A", "B"]
    flac.save()
    assert tags_of(Path(flac.filename)).artists == ("A", "B")
    flac["ARTISTS"] = ["A", "B", "C"]
    flac.save()
    assert tags_of(Path(flac.filename)).artists == ("A", "B", "C")
    m4a: Any = MP4(copy("aac.m4a"))
    m4a["©ART"] = ["A", "B"]
    m4a.save()
    assert tags_of(Path(m4a.filename)).artists == ("A", "B")
    ape: Any = APEv2()
    ape["Artist"] = ["A", "B"]
    path = copy("a.wv")
    ape.save(path)
    assert tags_of(path).artists == ("A", "B")
    wma: Any = ASF(copy("a.wma"))
    wma["Author"] = ["A", "B"]
    wma.save()
    assert tags_of(Path(wma.filename)).artists == ("A", "B")


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


def test_wav_has_two_kinds_of_tags(copy: Any) -> None:
    path = copy("s16.wav")
    info = b""
    for key, text in (
        (b"INAM", b"Title\0"),
        (b"IART", "Kraftwerk ö\0".encode("cp1252")),
    ):
        info += key + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2)
    data = path.read_bytes()
    start = data.index(b"data")
    body = data[12:start].split(b"LIST")[0] + data[start:]
    body += b"LIST" + struct.pack("<I", 4 + len(info)) + b"INFO" + info
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)
    tags = tags_of(path)
    assert (tags.title, tags.artists) == ("Title", ("Kraftwerk ö",))
    assert ("title", "RIFF:INAM") in tags.sources
    write_tags(bytes(path), TagFacts(title="By ID3"))
    tags = tags_of(path)
    assert (tags.title, tags.artists) == ("By ID3", ("Kraftwerk ö",))


def test_pictures_and_long_texts_are_no_raw_tags(copy: Any) -> None:
    flac: Any = FLAC(copy("a.flac"))
    flac["metadata_block_picture"] = ["A" * 100_000]
    flac["lyrics"] = ["la " * 100_000]
    flac["title"] = ["x" * 10_000]
    flac.save()
    tags = tags_of(Path(flac.filename))
    assert "metadata_block_picture" not in {key.lower() for key, _ in tags.raw}
    assert max(len(value) for _, value in tags.raw) <= 4096


def test_placeholders_say_nothing(copy: Any) -> None:
    flac: Any = FLAC(copy("a.flac"))
    for key, text in (
        ("title", "Unknown"),
        ("artist", "<Unknown>"),
        ("albumartist", "none"),
        ("album", "http://www.free-music.example/download"),
        ("date", "0000"),
        ("genre", "Unknown"),
        ("tracknumber", "0"),
        ("discnumber", "CD"),
    ):
        flac[key] = [text]
    flac.save()
    tags = tags_of(Path(flac.filename))
    assert tags.title == "Unknown"
    for fact in FACTS:
        if fact != "title":
            assert not getattr(tags, fact), fact
    assert {fact for fact, _ in tags.sources} == {"title"}
    assert len(tags.raw) >= 8


def test_various_artists_and_discs_in_titles(copy: Any) -> None:
    flac: Any = FLAC(copy("a.flac"))
    flac["albumartist"] = ["V.A."]
    flac["album"] = ["Hits (Disc 2 of 3)"]
    flac.save()
    tags = tags_of(Path(flac.filename))
    assert (tags.albumartist, tags.compilation) == ("Various Artists", True)
    assert (tags.disc_number, tags.disc_total) == (2, 3)
    assert tags.album == "Hits (Disc 2 of 3)"
    assert ("disc_number", "album title") in tags.sources
    flac["discnumber"] = ["1"]
    flac.save()
    assert tags_of(Path(flac.filename)).disc_number == 1


def test_no_tags_at_all(copy: Any) -> None:
    path = copy("a.flac")
    mutagen.File(path).delete()
    assert tags_of(path) == TagFacts()
    assert isinstance(read_tags(bytes(path))[1], StreamFacts)


@pytest.mark.slow
def test_real_music_has_tags(music: Path) -> None:
    files = [
        path
        for path in music.rglob("*")
        if path.suffix[1:] in ["mp3", "ogg", "opus", "m4a", "flac"]
    ]
    assert len(files) == 72
    for path in files:
        tags, stream = read_tags(bytes(path))
        assert tags.title
        assert tags.album
        assert tags.albumartist == path.relative_to(music).parts[0]
        assert stream.duration_s
        assert stream.bitrate
