"""Tags of every container, as taggers write them and as they are in the wild."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.mp4 import MP4, MP4FreeForm

from catalog.records import StreamFacts, TagFacts
from scanner.exceptions import TagError
from scanner.tags.read import read_tags
from tests.tag_writer import write_tags

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


def tags_of(path: Path, separators: tuple[str, ...] = ()) -> TagFacts:
    return read_tags(bytes(path), separators)[0]


@pytest.mark.parametrize("name", WRITABLE)
def test_what_is_written_is_read_again(copy: Any, name: str) -> None:
    path = copy(name)
    write_tags(bytes(path), FULL)
    tags = tags_of(path)
    for fact in FACTS:
        assert getattr(tags, fact) == getattr(FULL, fact), fact
    sources = dict(tags.sources)
    assert set(FACTS) <= set(sources)
    assert all(":" in source for source in sources.values())


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
