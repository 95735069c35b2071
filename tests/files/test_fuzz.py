"""A file that ends, or fails, at any place costs a named error at most."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen import MutagenError
from mutagen.flac import FLAC

from catalog.records import TagFacts
from scanner.audio.decode import open_audio
from scanner.audio.files import AudioFile, BoundedReader, identify
from scanner.audio.payload import payload_hash
from scanner.exceptions import FileError, TagError
from scanner.tags import read as reading
from scanner.tags.id3 import read_id3v2
from scanner.tags.read import read_tags
from tests.tag_writer import write_tags

NAMES = (
    *("cbr.mp3", "a.flac", "a.ogg", "a.opus", "flac.oga", "fast.m4a", "aac.m4a"),
    *("s16.wav", "a.aiff", "a.wma", "a.wv", "a.tta", "a.aac"),
)
TAGS = TagFacts(
    title="Title",
    artists=("A", "B"),
    album="Album",
    track_number=3,
    track_total=9,
    date="1988-08-25",
    genres=("Rock",),
)


@pytest.fixture(scope="module")
def tagged(
    samples: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Samples with tags to stumble in."""
    folder = tmp_path_factory.mktemp("tagged")
    made = {}
    for name in NAMES:
        made[name] = folder / name
        shutil.copyfile(samples[name], made[name])
        if name not in ("flac.oga", "a.tta"):
            write_tags(bytes(made[name]), TAGS)
    return made


@pytest.fixture
def mutagen_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not ask libav too: thousands of openings would show nothing more."""

    def refuse(file: AudioFile) -> None:
        raise TagError("not asked")

    monkeypatch.setattr(reading, "read_probed", refuse)


def outcome(read: Any, path: Path) -> str:
    """Return "ok" or the stage of the error; anything else that is raised escapes."""
    try:
        read(bytes(path))
    except FileError as error:
        failure = error
    else:
        return "ok"
    assert failure.reason
    assert "\n" not in failure.reason
    return failure.stage


@pytest.mark.parametrize("name", NAMES)
def test_tags_and_payload_of_a_file_cut_anywhere(
    tagged: dict[str, Path], tmp_path: Path, name: str, mutagen_alone: None
) -> None:
    """Every length of the head, where the headers are, and many behind it."""
    data = tagged[name].read_bytes()
    rng = random.Random(name)
    lengths = {*range(0, min(1500, len(data)), 3), *range(64)}
    lengths |= {rng.randrange(len(data)) for _ in range(100)}
    lengths |= {len(data) - back for back in range(1, 200, 3)}
    path = tmp_path / name
    path.write_bytes(data)
    for length in sorted(lengths, reverse=True):
        os.truncate(path, length)
        assert outcome(read_tags, path) in ("ok", "tags", "identify")
        assert outcome(payload_hash, path) in ("ok", "identify")


@pytest.mark.parametrize("name", NAMES)
def test_a_disk_that_fails_at_any_read_is_no_crash(
    tagged: dict[str, Path],
    name: str,
    mutagen_alone: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Count the reads that mutagen does, then let each of them fail in turn."""

    class Failing(BoundedReader):
        left = 10**9

        def read(self, size: int | None = -1, /) -> bytes:
            Failing.left -= 1
            if Failing.left < 0:
                raise OSError(5, "Input/output error")
            return super().read(size)

    monkeypatch.setattr(reading, "BoundedReader", Failing)
    read_tags(bytes(tagged[name]))
    reads = 10**9 - Failing.left
    for allowed in range(min(reads, 200)):
        Failing.left = allowed
        assert outcome(read_tags, tagged[name]) in ("ok", "tags")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(NAMES),
    flips=st.lists(
        st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=12
    ),
)
def test_flipped_heads(
    tagged: dict[str, Path],
    tmp_path: Path,
    mutagen_alone: None,
    name: str,
    flips: list[tuple[int, int]],
) -> None:
    data = bytearray(tagged[name].read_bytes())
    for place, value in flips:
        data[place % len(data)] = value
    path = tmp_path / name
    path.write_bytes(data)
    assert outcome(read_tags, path) in ("ok", "tags", "identify")
    assert outcome(payload_hash, path) in ("ok", "identify")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200), version=st.integers(0, 5), flags=st.integers(0, 255)
)
def test_any_bytes_as_an_id3_tag(
    tmp_path: Path, poison: ModuleType, body: bytes, version: int, flags: int
) -> None:
    path = tmp_path / "tag.mp3"
    path.write_bytes(poison.id3(body, version=version, flags=flags))
    # It may be refused, as read_tags then says, but not by running away.
    with path.open("rb") as file, contextlib.suppress(MutagenError, ValueError):
        read_id3v2(file.fileno())


@pytest.mark.parametrize(
    "name", ["cbr.mp3", "a.flac", "a.ogg", "a.opus", "s16.wav", "a.aiff"]
)
def test_libsndfile_with_a_file_cut_anywhere(
    tagged: dict[str, Path], tmp_path: Path, name: str
) -> None:
    data = tagged[name].read_bytes()
    rng = random.Random(name)
    lengths = {rng.randrange(len(data)) for _ in range(12)}
    lengths |= {*range(4, 200, 17)}
    path = tmp_path / name

    def decode(given: bytes) -> None:
        with open_audio(given) as audio:
            for _ in audio.blocks():
                pass

    for length in sorted(lengths):
        path.write_bytes(data[:length])
        assert outcome(decode, path) in ("decode", "identify")


def test_no_more_is_read_than_the_file_holds(tmp_path: Path) -> None:
    """Python sets aside as much memory as is asked for before it reads."""
    path = tmp_path / "small"
    path.write_bytes(b"x" * 100)
    with path.open("rb") as opened:
        file = BoundedReader(AudioFile(opened.fileno(), "wav"))
        file.seek(90)
        assert file.read(1 << 40) == b"x" * 10
        assert file.read(1 << 40) == b""
        file.seek(0)
        assert len(file.read()) == 100


def test_an_error_names_the_kind_of_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(b"fLaC" + bytes(3))
    with pytest.raises(TagError, match="damaged headers"):
        read_tags(bytes(path))


def test_good_audio_with_damaged_tags_keeps_its_facts(
    tagged: dict[str, Path], tmp_path: Path
) -> None:
    """A Vorbis comment that claims four billion entries: mutagen gives up on it."""
    data = bytearray(tagged["a.flac"].read_bytes())
    vendor = data.index(b"Lavf")
    place = vendor + data[vendor - 4]
    data[place : place + 4] = b"\xff" * 4
    path = tmp_path / "a.flac"
    path.write_bytes(data)
    with pytest.raises(MutagenError):
        FLAC(path)
    tags, stream = read_tags(bytes(path))
    assert (stream.codec, stream.sample_rate, stream.channels) == ("flac", 44100, 2)
    assert stream.duration_s == pytest.approx(3, abs=0.1)
    assert tags.artists in ((), TAGS.artists)


def test_an_identified_file_stays_identified_with_a_tag_in_front(
    tagged: dict[str, Path], tmp_path: Path, poison: ModuleType
) -> None:
    for name in ("cbr.mp3", "a.flac", "a.aac", "a.tta"):
        path = tmp_path / name
        path.write_bytes(poison.id3(bytes(5000)) + tagged[name].read_bytes())
        fd = os.open(path, os.O_RDONLY)
        assert identify(fd).container in ("mp3", "flac", "aac", "tta")
        os.close(fd)
        assert outcome(read_tags, path) == "ok"
