"""Content decides what a file is."""

from __future__ import annotations

import os
import random
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.audio.files import HEAD, identify, is_audio_like
from scanner.audio.mpeg import parse_frame
from scanner.exceptions import IdentifyError

CONTAINERS = {
    "mp3": "mp3",
    "flac": "flac",
    "ogg": "ogg",
    "opus": "ogg",
    "oga": "ogg",
    "m4a": "mp4",
    "mp4": "mp4",
    "aac": "aac",
    "wav": "wav",
    "aiff": "aiff",
    "wma": "asf",
    "wv": "wavpack",
    "tta": "tta",
    "webm": "matroska",
    "mka": "matroska",
    "caf": "caf",
    "au": "au",
    "w64": "w64",
}


def container_of(path: Path) -> str:
    fd = os.open(path, os.O_RDONLY)
    try:
        return identify(fd).container
    finally:
        os.close(fd)


def test_every_format_is_known_by_its_content(
    samples: dict[str, Path], tmp_path: Path
) -> None:
    for name, path in samples.items():
        wanted = CONTAINERS[name.rpartition(".")[2]]
        nameless = tmp_path / "nameless"
        nameless.write_bytes(path.read_bytes())
        assert container_of(nameless) == wanted, name
        assert is_audio_like(path.read_bytes()[:HEAD]), name


@pytest.mark.parametrize("name", ["bare.mp3", "a.flac", "a.aac", "a.tta"])
def test_tags_in_front_are_looked_past(
    samples: dict[str, Path], tmp_path: Path, poison: ModuleType, name: str
) -> None:
    path = tmp_path / "tagged"
    tag = poison.id3(poison.frame(b"APIC", b"\0image/png\0\3\0" + bytes(300_000)))
    path.write_bytes(tag + tag + samples[name].read_bytes())
    assert container_of(path) == CONTAINERS[name.rpartition(".")[2]]


def test_junk_in_front_of_an_mp3_is_looked_past(
    samples: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "junk.mp3"
    junk = random.Random(3).randbytes(5000)
    path.write_bytes(junk + samples["bare.mp3"].read_bytes())
    assert container_of(path) == "mp3"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (bytes(1000), "zero bytes"),
        (b"Hello, this is text.\n" * 50, "text"),
        (b"PK\3\4 and so on", "ZIP"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "JPEG"),
        (b"<html><body>Not found</body></html>", "web page"),
        (b"\xef\xbb\xbf  #EXTM3U\n", "playlist"),
        (b"ID3\4\0\0\0\0\0\0", "nothing follows"),
        (bytes(range(1, 256)) * 30, "no audio format"),
    ],
)
def test_what_is_no_audio_is_called_by_its_name(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.raises(IdentifyError, match=reason):
        container_of(path)


@given(st.binary(max_size=4))
def test_any_four_bytes_are_a_frame_or_none(head: bytes) -> None:
    frame = parse_frame(head)
    if frame is not None:
        assert frame.length > 20
        assert 8000 <= frame.sample_rate <= 48000
        assert frame.samples in (384, 576, 1152)


def test_random_bytes_are_not_taken_for_frames(tmp_path: Path) -> None:
    path = tmp_path / "random"
    for seed in range(20):
        path.write_bytes(random.Random(seed).randbytes(100_000))
        with pytest.raises(IdentifyError):
            container_of(path)
