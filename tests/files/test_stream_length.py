"""Frames are counted as they are, however the bytes come."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.audio.mpeg import AdtsWalk, MpegWalk, StreamLength, parse_frame
from scanner.audio.payload import Walk
from scanner.audio.positions import FlacWalk, OggWalk

# An empty frame is no header, whatever it is filled with.
FILLER = b"\x55"


def mpeg(index: int, *, rate: int = 0, padding: int = 0, mono: bool = False) -> bytes:
    """Return a frame of MPEG 1 layer III: 0 to 14 is its place among the bitrates."""
    head = bytes((0xFF, 0xFB, index << 4 | rate << 2 | padding << 1, 0xC0 * mono))
    frame = parse_frame(head, 500)
    assert frame is not None
    return head + FILLER * (frame.length - 4)


def adts(size: int, *, rate: int = 4, channels: int = 2, blocks: int = 1) -> bytes:
    """Return an ADTS frame of `size` bytes."""
    head = (
        0xFFF1 << 40
        | (1 << 14 | rate << 10 | channels << 6) << 24
        | size << 13
        | 0x7FF << 2
        | blocks - 1
    )
    return head.to_bytes(7, "big") + FILLER * (size - 7)


def walked(walk: Walk, data: bytes, cuts: Sequence[int] = ()) -> StreamLength | None:
    """Push bytes, cut at some places."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        walk.push(data[start:end])
    return walk.finish()


@given(
    indices=st.lists(st.integers(1, 14), min_size=3, max_size=200),
    cuts=st.lists(st.integers(0, 1 << 20), max_size=8),
    junk=st.integers(0, 3000),
)
def test_mp3_of_any_bitrates_in_any_blocks(
    indices: list[int], cuts: list[int], junk: int
) -> None:
    data = FILLER * junk + b"".join(map(mpeg, indices)) + FILLER * junk
    found = walked(MpegWalk(), data, cuts)
    assert found is not None
    assert found.seconds == pytest.approx(len(indices) * 1152 / 44100)
    kbits = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    mean = sum(kbits[index - 1] for index in indices) / len(indices)
    assert found.bitrate == pytest.approx(1000 * mean, abs=1)
    assert found.is_uniform


@given(
    sizes=st.lists(st.integers(8, 8191), min_size=3, max_size=60),
    cuts=st.lists(st.integers(0, 1 << 20), max_size=8),
)
def test_aac_of_any_sizes_in_any_blocks(sizes: list[int], cuts: list[int]) -> None:
    found = walked(AdtsWalk(), b"".join(map(adts, sizes)), cuts)
    assert found is not None
    assert found.seconds == pytest.approx(len(sizes) * 1024 / 44100)
    assert found.bits == 8 * sum(sizes)


@given(data=st.binary(max_size=5000), cuts=st.lists(st.integers(0, 5000), max_size=4))
def test_whatever_comes_is_walked_to_its_end(data: bytes, cuts: list[int]) -> None:
    for walk in (MpegWalk(), AdtsWalk(), FlacWalk(data[:34])):
        walked(walk, data, cuts)


def test_junk_and_tags_between_frames_are_passed_over() -> None:
    part = mpeg(9) * 20
    tag = b"ID3\3\0\0\0\0\x10\0" + mpeg(9) * 4 + bytes(2048 - 4 * len(mpeg(9)))
    found = walked(MpegWalk(), part + bytes(5000) + part + tag + part)
    assert found is not None
    assert found.seconds == pytest.approx(60 * 1152 / 44100)


def test_the_frame_with_the_encoders_header_is_no_audio() -> None:
    info = bytearray(mpeg(14))
    info[36:40] = b"Info"
    found = walked(MpegWalk(), bytes(info) + mpeg(9) * 20)
    assert found is not None
    assert (found.seconds, found.bitrate) == (20 * 1152 / 44100, 128000)


def test_changes_on_the_way_are_noticed() -> None:
    for other in (mpeg(9, rate=1), mpeg(9, mono=True)):
        found = walked(MpegWalk(), mpeg(9) * 10 + other * 10)
        assert found is not None
        assert not found.is_uniform
    found = walked(AdtsWalk(), adts(300) * 10 + adts(300, rate=7, blocks=2) * 10)
    assert found is not None
    assert found.seconds == pytest.approx(10 * 1024 / 44100 + 20 * 1024 / 22050)
    assert not found.is_uniform


def test_free_format_is_measured_by_the_next_header() -> None:
    frames = (mpeg(0) + mpeg(0, padding=1)) * 20
    found = walked(MpegWalk(), frames)
    assert found is not None
    assert found.seconds == pytest.approx(40 * 1152 / 44100)
    assert found.bitrate == pytest.approx(len(frames) * 8 / found.seconds, rel=1e-4)


def page(position: int, packets: int, *, begins: bool = False) -> tuple[bytes, bytes]:
    flags = 2 if begins else 0
    head = b"OggS\0" + bytes((flags,)) + position.to_bytes(8, "little", signed=True)
    return head.ljust(27, b"\0"), b"\x50" * packets


def ogg_seconds(*positions: int) -> float:
    walk = OggWalk()
    opus = b"OpusHead\1\2" + (312).to_bytes(2, "little") + bytes(7)
    walk.push(*page(0, 1, begins=True), opus)
    walk.push(*page(0, 1), b"")
    for position in positions:
        walk.push(*page(position, 50), b"")
    found = walk.finish()
    return found.seconds if found else 0.0


def test_ogg_lasts_to_the_position_of_its_last_page() -> None:
    assert ogg_seconds(48000, 96000, -1, 100000) == (100000 - 312) / 48000
    assert ogg_seconds(30000) == (30000 - 312) / 48000
    assert ogg_seconds() == 0


def test_an_ogg_stream_that_was_running_counts_from_its_first_page() -> None:
    late = 3600 * 48000
    assert ogg_seconds(late + 48000, late + 96000, late + 144000) == 2.0


@pytest.mark.parametrize("walk", [MpegWalk, AdtsWalk])
def test_memory_does_not_grow_with_the_stream(walk: type[MpegWalk | AdtsWalk]) -> None:
    block = {MpegWalk: mpeg(9), AdtsWalk: adts(417)}[walk] * 2500  # a megabyte
    one = walk()
    one.push(block)
    tracemalloc.start()
    for _ in range(5):
        one.push(block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * len(block)
