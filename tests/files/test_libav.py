"""What libav decodes: every kind of sample, changes on the way, and its reasons."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from scanner.audio.decode import open_audio
from scanner.audio.encode import ffmpeg_path
from scanner.audio.libav import LibavStream
from scanner.exceptions import DecodeError

SR = 44100


def decode(path: Path, frames: int = 65536) -> np.ndarray:
    with open_audio(bytes(path)) as audio:
        return np.concatenate(list(audio.blocks(frames)))


def made(path: Path, *options: str) -> Path:
    """Have ffmpeg make a tone at `path`."""
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-f", "lavfi", "-i"]
    subprocess.run([*command, "sine=440:duration=1", *options, path], check=True)
    return path


# Formats of samples, and numbers of channels, that libav's decoders give.
KINDS = {
    "u8.mka": ("-c:a", "pcm_u8"),
    "s64.mka": ("-c:a", "pcm_s64le"),
    "f64.mka": ("-c:a", "pcm_f64le"),
    "mono.m4a": ("-c:a", "alac", "-ac", "1"),
    "6.mka": ("-c:a", "alac", "-ac", "6"),
    "8 planar.wv": ("-c:a", "wavpack", "-ac", "8"),
    "16.mka": ("-c:a", "pcm_s16le", "-ac", "16"),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_sample_comes_out_to_the_bit(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / name, *KINDS[name])
    read = [ffmpeg_path(), "-v", "error", "-i", path, "-f", "f32le", "-"]
    raw = subprocess.run(read, capture_output=True, check=True).stdout
    audio = decode(path, 10_000)
    assert audio.shape == (SR, {"6": 6, "8": 8, "1": 16}.get(name[0], 1))
    assert np.array_equal(audio.ravel(), np.frombuffer(raw, "<f4"))


def test_channels_in_an_order_of_their_own_are_left_in_it(tmp_path: Path) -> None:
    """QuickTime can say "left, right, two at the sides, centre, bass"."""
    path = made(tmp_path / "order.mov", "-c:a", "pcm_s16le", "-ac", "6")
    data = bytearray(path.read_bytes())
    struct.pack_into(">I", data, data.index(b"chan") + 8, 122 << 16 | 6)
    before = decode(path)
    path.write_bytes(data)
    assert np.array_equal(decode(path), before)


def test_a_rate_that_changes_on_the_way_becomes_that_of_the_start(
    tmp_path: Path,
) -> None:
    first = made(tmp_path / "1.aac", "-ar", "22050", "-ac", "1")
    second = made(tmp_path / "2.aac", "-ar", "44100", "-ac", "2")
    path = tmp_path / "both.aac"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with open_audio(bytes(path)) as audio:
        blocks = list(audio.blocks())
        assert (audio.sample_rate, audio.channels) == (22050, 1)
    joined = np.concatenate(blocks)[:, 0]
    assert len(joined) == pytest.approx(2 * 22050, abs=3000)
    for part in (joined[5000:17000], joined[-17000:-5000]):
        peak = int(np.abs(np.fft.rfft(part)).argmax())
        assert peak * 22050 / len(part) == pytest.approx(440, abs=2)


def test_an_ogg_file_whose_streams_differ_is_not_taken_for_its_first(
    tmp_path: Path,
) -> None:
    first = made(tmp_path / "1.ogg", "-ar", "22050")
    second = made(tmp_path / "2.ogg", "-ar", "44100", "-ac", "2")
    path = tmp_path / "both.ogg"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(DecodeError, match="not support"):
        decode(path)


@pytest.mark.parametrize(
    ("name", "kept", "reason"),
    [("aac.m4a", 20_000, "moov atom not found"), ("a.opus", 100, "it ends too soon")],
)
def test_the_reason_is_what_libav_complains_of(
    samples: dict[str, Path], tmp_path: Path, name: str, kept: int, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(samples[name].read_bytes()[:kept])
    with (
        path.open("rb") as file,
        pytest.raises(DecodeError, match=f"^decode: {reason}$"),
    ):
        LibavStream(file.fileno())


def test_a_disk_that_fails_is_a_failure_with_its_reason(
    samples: dict[str, Path],
) -> None:
    fd = os.open(samples["alac.m4a"], os.O_RDONLY)
    stream = LibavStream(fd)
    os.close(fd)
    with pytest.raises(DecodeError, match="Bad file descriptor"):
        list(stream.blocks(1000))
    stream.close()
