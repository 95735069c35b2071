"""A file's length is what it plays, whatever its headers declare."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from scanner.audio.decode import open_audio
from scanner.audio.encode import ffmpeg_path
from scanner.audio.files import audio_file
from scanner.audio.payload import Payload, payload_hash, read_payload
from scanner.exceptions import DecodeError
from tests.files.odd_lengths import (
    AS_FFMPEG,
    BOTH_S,
    HALF_S,
    ODD,
    OGG,
    Encoder,
    changed,
    encoded,
    write,
)

_PADDING_S = 0.15  # of at most two encoders


@pytest.fixture(scope="module")
def encode(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return Encoder(tmp_path_factory.mktemp("sources"))


def decode(path: Path) -> tuple[np.ndarray, int]:
    with open_audio(bytes(path)) as audio:
        return np.concatenate(list(audio.blocks())), audio.sample_rate


def payload(path: Path) -> Payload:
    with audio_file(bytes(path)) as file:
        return read_payload(file)


def ffmpeg_seconds(path: Path) -> float:
    """Return how long what ffmpeg decodes is."""
    output = ["-f", "s16le", "-ar", "8000", "-ac", "1", "-"]
    command = [ffmpeg_path(), "-nostdin", "-v", "quiet", "-i", path, *output]
    done = subprocess.run(command, capture_output=True, check=False)
    return len(done.stdout) / 2 / 8000


@pytest.mark.parametrize("name", ODD)
def test_what_is_decoded_is_all_that_is_there(
    encode: Encoder, tmp_path: Path, name: str
) -> None:
    odd = ODD[name]
    path = tmp_path / name
    path.write_bytes(odd.make(encode))
    counted = payload(path).length
    if odd.seconds is None:
        with pytest.raises(DecodeError, match=odd.reason):
            decode(path)
        return
    seconds = odd.seconds if odd.seconds != AS_FFMPEG else ffmpeg_seconds(path)
    samples, rate = decode(path)
    assert len(samples) / rate == pytest.approx(seconds, abs=_PADDING_S)
    if counted is not None:
        assert counted.seconds == pytest.approx(seconds, abs=_PADDING_S)
        average = path.stat().st_size * 8 / seconds
        headers = 0.4 if name in OGG else 0.15  # a share of so short a file
        assert counted.bitrate == pytest.approx(average, rel=headers)
    if seconds == BOTH_S and "soft first" not in name:
        # Loud, then soft: nothing was played twice, or in another order.
        loud, soft = (
            np.std(samples[int(begin * rate) : int((begin + 1) * rate)])
            for begin in (HALF_S - 1.2, HALF_S + 0.2)
        )
        assert loud > 2 * soft > 0.05, (loud, soft)


@pytest.mark.parametrize("form", ["wav", "aiff"])
def test_files_of_unknown_size_have_names_of_their_own(
    encode: Encoder, tmp_path: Path, form: str
) -> None:
    """Whatever follows a size of 0 is the audio, and its name."""
    size = {"wav": (b"data", 0, "<I", 0), "aiff": (b"SSND", 0, ">I", 0)}[form]
    hashes = set()
    for source in ("loud", "soft"):
        path = tmp_path / f"{source}.{form}"
        path.write_bytes(changed(encoded(source, form), write(*size))(encode))
        hashes.add(payload_hash(bytes(path)))
    assert len(hashes) == 2
