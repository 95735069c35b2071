"""Small real files of every format, made by ffmpeg once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from scanner.audio.encode import ffmpeg_path

SR = 44100
SECONDS = 3

# name -> options of ffmpeg's output
FORMATS = {
    "cbr.mp3": ("-c:a", "libmp3lame", "-b:a", "128k"),
    "vbr.mp3": ("-c:a", "libmp3lame", "-q:a", "4", "-id3v2_version", "3"),
    "bare.mp3": ("-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0"),
    "a.flac": ("-c:a", "flac"),
    "a.ogg": ("-c:a", "libvorbis"),
    "a.opus": ("-c:a", "libopus"),
    "flac.oga": ("-c:a", "flac", "-f", "ogg"),
    "aac.m4a": ("-c:a", "aac"),
    "fast.m4a": ("-c:a", "aac", "-movflags", "+faststart"),
    "alac.m4a": ("-c:a", "alac"),
    "a.aac": ("-c:a", "aac"),
    "a.mp4": ("-c:a", "aac"),
    "s16.wav": ("-c:a", "pcm_s16le"),
    "s24.wav": ("-c:a", "pcm_s24le"),
    "f32.wav": ("-c:a", "pcm_f32le"),
    "rf64.wav": ("-c:a", "pcm_s16le", "-rf64", "always"),
    "a.aiff": ("-c:a", "pcm_s16be"),
    "a.wma": ("-c:a", "wmav2"),
    "a.wv": ("-c:a", "wavpack"),
    "a.tta": ("-c:a", "tta"),
    "a.webm": ("-c:a", "libopus"),
    "a.mka": ("-c:a", "flac"),
    "a.caf": ("-c:a", "pcm_s16be"),
    "a.au": ("-c:a", "pcm_s16be"),
    "a.w64": ("-c:a", "pcm_s16le"),
}


def ffmpeg(*options: str) -> None:
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-y", *options]
    subprocess.run(command, check=True)


@pytest.fixture(scope="session")
def reference() -> np.ndarray:
    """Noise that comes and goes over a tone: a signal whose place can be found."""
    rng = np.random.default_rng(5)
    time = np.arange(SECONDS * SR) / SR
    bursts = rng.standard_normal(time.size) * (np.sin(2 * np.pi * 1.7 * time) > 0)
    mono = np.clip(0.3 * np.sin(2 * np.pi * 220 * time) + 0.15 * bursts, -0.95, 0.95)
    return np.stack([mono, 0.7 * mono], axis=1).astype(np.float32)


@pytest.fixture(scope="session")
def samples(
    tmp_path_factory: pytest.TempPathFactory, reference: np.ndarray
) -> dict[str, Path]:
    """One file of every format, with a title, an artist and an album."""
    folder = tmp_path_factory.mktemp("samples")
    source = folder / "reference.wav"
    soundfile.write(source, reference, SR, subtype="PCM_24")
    made = {}
    for name, options in FORMATS.items():
        made[name] = folder / name
        tags = ["-metadata", "title=A Title", "-metadata", "artist=An Artist"]
        ffmpeg("-i", str(source), *tags, *options, str(made[name]))
    return made


@pytest.fixture
def copy(samples: dict[str, Path], tmp_path: Path) -> Any:
    """A function that gives a fresh copy of a sample."""

    def make(name: str) -> Path:
        path = tmp_path / f"copy of {name}"
        shutil.copyfile(samples[name], path)
        return path

    return make
