"""Tests of the command `sonicat predict`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scanner.audio.encode import encode
from sonicat.predict import predict
from tests.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.webapp.conftest import Made

pytestmark = pytest.mark.slow


def judged(made: Made, *arguments: object) -> Result:
    given = ["--db", str(made.db), *map(str, arguments)]
    return Runner().invoke(predict, given, standalone_mode=False)


def test_a_file_is_judged_the_same_each_time(
    made: Made, audio_file: Callable[[str], Path]
) -> None:
    path = audio_file("flac")
    first, again = (judged(made, path, "--json") for _ in range(2))
    (said,) = json.loads(first.stdout)
    assert said["label"] == max(said["probabilities"], key=said["probabilities"].get)
    assert said["path"] == str(path)
    assert sum(said["probabilities"].values()) == pytest.approx(1.0)
    assert again.stdout == first.stdout
    unsure = judged(made, path, "--unknown-below", "1")
    assert ": unknown (" in unsure.stdout


def test_files_that_cannot_be_judged_say_why_and_what_to_do(
    made: Made, audio_file: Callable[[str], Path], tmp_path: Path
) -> None:
    """The others are judged; the exit status tells."""
    text, short = tmp_path / "README.md", tmp_path / "short.wav"
    text.write_text("hello\n")
    encode(np.ones(22050, dtype=np.float32) / 3, 22050, short, "wav")
    half = tmp_path / "half.flac"
    half.write_bytes(audio_file("flac").read_bytes()[:20_000])
    missing, folder = tmp_path / "none.mp3", tmp_path
    done = judged(made, text, short, half, missing, folder, audio_file("flac"))
    assert done.return_value == 3
    assert len(done.stdout.splitlines()) == 1
    told = dict(line.split(": ", 1) for line in done.stderr.splitlines())
    assert told[str(text)] == "not audio: text; name a file that holds music"
    assert told[str(short)].startswith("it is too short; name one with 5 s")
    assert told[str(half)].endswith("try another copy")
    assert told[str(missing)] == "there is no such file; check the path"
    assert told[str(folder)] == "this is a folder; name the files in it"
