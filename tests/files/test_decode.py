"""Audio comes out whole, in place and in blocks of any length."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from scanner.audio.decode import open_audio
from scanner.audio.encode import encode
from scanner.audio.libav import LibavStream
from scanner.audio.sndfile import CONTAINERS, SndfileStream, stderr_silenced
from scanner.exceptions import DecodeError, IdentifyError

SR = 44100
LOSSLESS = {
    "a.flac": 16,
    "flac.oga": 16,
    "alac.m4a": 16,
    "s16.wav": 16,
    "rf64.wav": 16,
    "s24.wav": 24,
    "f32.wav": 24,
    "a.aiff": 16,
    "a.wv": 16,
    "a.tta": 16,
    "a.mka": 16,
    "a.caf": 16,
    "a.au": 16,
    "a.w64": 16,
}
# Where a format cannot say how much padding its encoder put in front.
UNDECLARED = {"bare.mp3": 1105, "a.aac": 1024, "a.wma": -2048}


def decode(path: Path, frames: int = 65536) -> np.ndarray:
    with open_audio(bytes(path)) as audio:
        return np.concatenate(list(audio.blocks(frames)))


def lag(signal: np.ndarray, reference: np.ndarray) -> int:
    """Return by how many samples `signal` is late, by cross-correlation."""
    size = 1 << 19
    spectrum = np.fft.rfft(signal.mean(axis=1), size)
    spectrum *= np.fft.rfft(reference.mean(axis=1), size).conj()
    place = int(np.fft.irfft(spectrum).argmax())
    return place if place < size // 2 else place - size


def test_every_format_is_decoded_at_its_own_rate(samples: dict[str, Path]) -> None:
    for name, path in samples.items():
        with open_audio(bytes(path)) as audio:
            blocks = list(audio.blocks())
            rate = 48000 if name in ("a.opus", "a.webm") else SR
            assert (audio.sample_rate, audio.channels) == (rate, 2), name
        total = sum(map(len, blocks))
        assert total / rate == pytest.approx(3, abs=0.06), name
        assert all(block.dtype == np.float32 for block in blocks), name


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_audio_comes_out_to_the_bit(
    samples: dict[str, Path], reference: np.ndarray, name: str
) -> None:
    audio = decode(samples[name])
    assert audio.shape == reference.shape
    step = 2.0 ** (1 - LOSSLESS[name])
    assert np.max(np.abs(audio - reference)) <= 2 * step


def test_lossy_audio_starts_where_the_original_does(
    samples: dict[str, Path], reference: np.ndarray
) -> None:
    for name, path in samples.items():
        audio = decode(path)
        rate = 48000 if name in ("a.opus", "a.webm") else SR
        original = soxr.resample(reference, SR, rate) if rate != SR else reference
        assert lag(audio, original) == UNDECLARED.get(name, 0), name


def test_both_decoders_agree_on_the_place_of_every_sample(
    samples: dict[str, Path],
) -> None:
    """MP3 padding is honoured by both, and so is that of Opus and Vorbis."""
    for name in ("cbr.mp3", "vbr.mp3", "bare.mp3", "a.ogg", "a.opus", "a.flac"):
        decoded = []
        for kind in (SndfileStream, LibavStream):
            fd = os.open(samples[name], os.O_RDONLY)
            stream = kind(fd)
            decoded.append(np.concatenate(list(stream.blocks(65536))))
            stream.close()
            os.close(fd)
        assert decoded[0].shape == decoded[1].shape, name
        assert lag(*decoded) == 0, name
        assert np.sqrt(np.mean((decoded[0] - decoded[1]) ** 2)) < 2e-3, name


@given(frames=st.integers(1, 200_000), name=st.sampled_from(["cbr.mp3", "a.ogg"]))
def test_the_length_of_blocks_changes_no_sample(
    samples: dict[str, Path], frames: int, name: str
) -> None:
    blocks = []
    with open_audio(bytes(samples[name])) as audio:
        for block in audio.blocks(max(frames, 500)):
            assert 0 < len(block) <= max(frames, 500)
            blocks.append(block)
    assert np.array_equal(np.concatenate(blocks), decode(samples[name]))


def test_the_decoder_is_told_by_content_not_by_name(
    samples: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "called.mp3"
    path.write_bytes(samples["a.flac"].read_bytes())
    with open_audio(bytes(path)) as audio:
        assert audio.decoder == "libsndfile"
    path.write_bytes(samples["aac.m4a"].read_bytes())
    with open_audio(bytes(path)) as audio:
        assert audio.decoder == "libav"


@pytest.mark.parametrize(
    "name",
    [
        b"-i evil.m4a",
        b"50%d:colon.m4a",
        b"new\nline.m4a",
        b"caf\xe9 \xff.m4a",
        b"file:pipe:0.m4a",
        b"concat:a|b.m4a",
        "\N{MUSICAL SYMBOL G CLEF}.m4a".encode(),
        b"x" * 251 + b".m4a",
    ],
)
def test_no_name_is_too_odd(
    samples: dict[str, Path], tmp_path: Path, name: bytes
) -> None:
    for sample in ("aac.m4a", "cbr.mp3"):
        path = os.path.join(bytes(tmp_path), name)
        with open(path, "wb") as file:
            file.write(samples[sample].read_bytes())
        with open_audio(path) as audio:
            assert sum(map(len, audio.blocks())) > 2.9 * SR


# Formats without any declared length cannot show that their end is missing.
UNSURE = {"bare.mp3", "a.aac"}


def test_a_cut_file_is_an_error(samples: dict[str, Path], tmp_path: Path) -> None:
    """Wherever a format says how long it is, half a file is not taken for a whole."""
    for name, path in samples.items():
        data = path.read_bytes()
        for share in (0.5, 0.9):
            cut = tmp_path / name
            cut.write_bytes(data[: int(len(data) * share)])
            if name in UNSURE:
                assert len(decode(cut)) == pytest.approx(share * 3 * SR, rel=0.1)
            else:
                with pytest.raises(DecodeError):
                    decode(cut)


def test_a_wav_that_claims_ten_hours_takes_no_memory_and_is_truncated(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(1000, np.float32), SR)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"data") + 4, 36000 * SR)
    path.write_bytes(data)
    with pytest.raises(DecodeError, match="truncated"):
        open_audio(bytes(path))


def test_libav_takes_over_where_libsndfile_stops_at_junk(
    samples: dict[str, Path], tmp_path: Path
) -> None:
    data = samples["cbr.mp3"].read_bytes()
    middle = len(data) // 2
    path = tmp_path / "junk.mp3"
    path.write_bytes(data[:middle] + bytes(5000) + data[middle:])
    with open_audio(bytes(path)) as audio:
        assert audio.decoder == "libsndfile"
        blocks = list(audio.blocks(4096))
        assert audio.decoder == "libav"
    mended, whole = np.concatenate(blocks), decode(samples["cbr.mp3"])
    assert abs(len(mended) - len(whole)) < 5000
    # What is in front of the junk is untouched, and follows without a seam.
    front = int(1.4 * SR)
    assert np.sqrt(np.mean((mended[:front] - whole[:front]) ** 2)) < 2e-3


@pytest.mark.parametrize("codec", ["vorbis", "opus", "mp3"])
def test_streams_one_behind_the_other_are_heard_to_the_end(
    samples: dict[str, Path], tmp_path: Path, reference: np.ndarray, codec: str
) -> None:
    name = {"vorbis": "a.ogg", "opus": "a.opus", "mp3": "cbr.mp3"}[codec]
    other = tmp_path / f"other-{name}"
    encode(reference, SR, other, codec)
    path = tmp_path / name
    path.write_bytes(samples[name].read_bytes() + other.read_bytes())
    with open_audio(bytes(path)) as audio:
        seconds = sum(map(len, audio.blocks())) / audio.sample_rate
    assert seconds == pytest.approx(6, abs=0.2)


def test_nothing_is_said_on_the_terminal(
    samples: dict[str, Path], tmp_path: Path
) -> None:
    """libmpg123 and libav comment on damage; that would tear a progress bar apart."""
    paths = [tmp_path / "junk.mp3", tmp_path / "junk.aac"]
    for path, name in zip(paths, ("cbr.mp3", "a.aac"), strict=True):
        data = samples[name].read_bytes()
        path.write_bytes(data[:20_000] + b"junk" * 5000 + data[20_000:])
    code = (
        "import sys, os\n"
        "from scanner.audio.decode import open_audio\n"
        "for path in sys.argv[1:]:\n"
        "    with open_audio(os.fsencode(path)) as audio:\n"
        "        for block in audio.blocks(): pass\n"
        "print('end', file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == "end\n"


def test_silenced_stderr_comes_back_when_the_last_one_leaves() -> None:
    before = os.fstat(2).st_ino
    with stderr_silenced():
        with stderr_silenced():
            pass
        assert os.path.samestat(os.fstat(2), os.stat(os.devnull))
    assert os.fstat(2).st_ino == before


def test_values_that_are_no_numbers_are_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    odd = np.array([0.5, np.nan, np.inf, -np.inf, 2.5], np.float32)
    soundfile.write(path, odd, SR, subtype="FLOAT")
    assert np.array_equal(decode(path)[:, 0], odd, equal_nan=True)


@pytest.mark.parametrize(
    "claim",
    [{"rate": 1}, {"rate": 0xFFFFFFFF}, {"channels": 255}, {"channels": 0}],
    ids=str,
)
def test_rates_and_channels_that_no_music_has(
    tmp_path: Path, poison: ModuleType, claim: dict[str, int]
) -> None:
    path = tmp_path / "lies.wav"
    path.write_bytes(poison.wav(bytes(50_000), **claim))
    with pytest.raises(DecodeError):
        decode(path)


def test_no_sample_at_all_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "none.wav"
    soundfile.write(path, np.zeros((0, 2), np.float32), SR)
    with pytest.raises(DecodeError):
        decode(path)


def test_a_file_that_is_no_audio_is_told_so_before_any_decoder(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"PK\3\4" + bytes(100))
    with pytest.raises(IdentifyError, match="ZIP"):
        open_audio(bytes(path))


def test_closing_early_leaves_nothing_open(samples: dict[str, Path]) -> None:
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        with open_audio(bytes(samples["aac.m4a"])) as audio:
            next(audio.blocks(100))
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("codec", ["mp3", "flac", "vorbis", "opus", "aac", "wav"])
def test_what_is_encoded_can_be_decoded(
    tmp_path: Path, reference: np.ndarray, codec: str
) -> None:
    suffix = {"vorbis": "ogg", "aac": "m4a"}.get(codec, codec)
    path = tmp_path / f"made.{suffix}"
    encode(reference, SR, path, codec)
    audio = decode(path)
    rate = 48000 if codec == "opus" else SR
    original = soxr.resample(reference, SR, rate) if rate != SR else reference
    assert lag(audio, original) == 0
    assert np.std(audio) == pytest.approx(np.std(reference), rel=0.2)


def test_encoding_twice_gives_the_same_bytes(
    tmp_path: Path, reference: np.ndarray
) -> None:
    for codec in ("mp3", "flac", "vorbis"):
        first, second = tmp_path / "1", tmp_path / "2"
        for path in (first, second):
            encode(reference, SR, path, codec)
        assert first.read_bytes() == second.read_bytes()


def test_an_unknown_codec_is_named(tmp_path: Path, reference: np.ndarray) -> None:
    with pytest.raises(ValueError, match="'mp9'"):
        encode(reference, SR, tmp_path / "x", "mp9")


def test_libsndfile_reads_all_that_is_left_to_it(samples: dict[str, Path]) -> None:
    used = set()
    for name, path in samples.items():
        with open_audio(bytes(path)) as audio:
            if audio.decoder == "libsndfile":
                used.add(name)
    assert used >= {"cbr.mp3", "a.flac", "s16.wav", "a.aiff"}
    assert not used & {"a.ogg", "a.opus"}
    assert "mp4" not in CONTAINERS


@pytest.mark.slow
def test_real_music_is_decoded_whole(music: Path) -> None:
    for suffix in ("mp3", "ogg", "opus", "m4a", "flac"):
        path = min(music.rglob(f"*.{suffix}"), key=lambda found: found.stat().st_size)
        assert len(decode(path)) > 10 * SR
