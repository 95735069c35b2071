"""Formats that no encoder here writes, built by hand."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from mutagen.dsf import DSF
from mutagen.id3 import TIT2

from scanner.audio.decode import open_audio
from scanner.audio.payload import audio_end, matroska_spans, payload_hash
from scanner.exceptions import DecodeError
from scanner.tags.read import read_tags


def dsf(seconds: float = 0.25) -> bytes:
    """Return one-bit audio at 64 times 44 100 Hz, two channels of silence."""
    blocks = int(seconds * 2822400 / 8 / 4096)
    sound = b"\x69" * (2 * 4096 * blocks)
    form = struct.pack(
        "<4sQIIIIIIQII",
        *(b"fmt ", 52, 1, 0, 2, 2, 2822400, 1, blocks * 4096 * 8, 4096, 0),
    )
    data = b"data" + struct.pack("<Q", 12 + len(sound)) + sound
    whole = 28 + len(form) + len(data)
    return b"DSD " + struct.pack("<QQQ", 28, whole, 0) + form + data


def test_dsf_is_decoded_and_its_tag_leaves_the_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.dsf"
    path.write_bytes(dsf())
    before = payload_hash(bytes(path))
    with open_audio(bytes(path)) as audio:
        assert audio.decoder == "libav"
        assert audio.sample_rate == 352800
        assert sum(map(len, audio.blocks())) > 0.2 * 352800
    tagged: Any = DSF(path)
    tagged.add_tags()
    tagged.tags.add(TIT2(encoding=3, text="Title"))
    tagged.save()
    assert payload_hash(bytes(path)) == before
    tags, stream = read_tags(bytes(path))
    assert (tags.title, stream.codec, stream.sample_rate) == ("Title", "dsd", 2822400)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DecodeError, match="missing"):
        open_audio(bytes(path))


def test_the_header_of_monkeys_audio_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ape"
    head = b"MAC " + struct.pack("<H", 3990) + bytes(50)
    head += struct.pack("<IIIHHI", 73728, 1000, 10, 16, 2, 44100)
    path.write_bytes(head + bytes(5000))
    stream = read_tags(bytes(path))[1]
    assert (stream.codec, stream.sample_rate, stream.channels) == ("ape", 44100, 2)
    assert stream.duration_s == pytest.approx((9 * 73728 + 1000) / 44100)
    assert stream.lossless
    with pytest.raises(DecodeError):
        open_audio(bytes(path))


def test_the_header_of_musepack_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.mpc"
    path.write_bytes(b"MP+\7" + struct.pack("<I", 500) + bytes(5000))
    stream = read_tags(bytes(path))[1]
    assert (stream.container, stream.sample_rate) == ("musepack", 44100)
    assert stream.duration_s == pytest.approx(500 * 1152 / 44100, rel=0.01)


TAILS = {
    "ID3v1": b"TAG" + bytes(125),
    "enhanced ID3v1": b"TAG+" + bytes(223) + b"TAG" + bytes(125),
    "APEv2": b"APETAGEX" + struct.pack("<IIII", 2000, 40, 0, 0) + bytes(8),
    "Lyrics3v1": b"LYRICSBEGIN" + b"la la" * 10 + b"LYRICSEND",
    "Lyrics3v2": b"LYRICSBEGIN" + b"x" * 20 + b"000031LYRICS200",
    "ID3v2 footer": b"ID3\4\0\x10\0\0\0\5" + b"x" * 5 + b"3DI\4\0\x10\0\0\0\5",
}


def test_every_kind_of_tag_at_the_end_is_found_in_any_order(tmp_path: Path) -> None:
    audio = b"\xff\xfb\x90\xc4" + b"m" * 3000
    path = tmp_path / "tails"
    names = sorted(TAILS)
    for turn in range(len(names)):
        order = names[turn:] + names[:turn]
        tails = b""
        for name in order:
            tail = TAILS[name]
            if name == "APEv2":  # the size counts the items and the footer
                tail = b"i" * 8 + tail
            tails += tail
        path.write_bytes(audio + tails)
        with path.open("rb") as file:
            assert audio_end(file, 0) == len(audio), order


def test_a_tag_that_claims_more_than_the_file_is_left_in(tmp_path: Path) -> None:
    path = tmp_path / "lies"
    lies = b"APETAGEX" + struct.pack("<IIII", 2000, 1 << 30, 0, 0) + bytes(8)
    path.write_bytes(b"m" * 500 + lies)
    with path.open("rb") as file:
        assert audio_end(file, 0) == 532


def test_a_live_recording_in_matroska_has_clusters_of_unknown_size(
    tmp_path: Path,
) -> None:
    path = tmp_path / "live.mka"
    ebml = b"\x1aE\xdf\xa3\x80"
    segment = b"\x18S\x80g\x01" + b"\xff" * 7
    cluster = b"\x1fC\xb6u\x01" + b"\xff" * 7 + b"audio" * 10
    path.write_bytes(ebml + segment + b"\xec\x82xx" + cluster)
    with path.open("rb") as file:
        assert list(matroska_spans(file)) == [(path.stat().st_size - 50, 50)]


def test_a_damaged_flac_says_what_is_wrong(
    samples: dict[str, Path], tmp_path: Path
) -> None:
    data = bytearray(samples["a.flac"].read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60_000] = bytes(60_000)
    path = tmp_path / "hole.flac"
    path.write_bytes(data)
    with open_audio(bytes(path)) as audio, pytest.raises(DecodeError, match="damaged"):
        list(audio.blocks())
