"""The poison corpus: every variant is a good row or a named failure."""

from __future__ import annotations

import os
import resource
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from scanner.audio.decode import open_audio
from scanner.audio.payload import payload_hash
from scanner.exceptions import FileError
from scanner.tags.read import read_tags

SOURCES = (
    *("cbr.mp3", "a.flac", "a.ogg", "a.opus", "s16.wav", "a.aiff", "f32.wav"),
    *("fast.m4a", "a.wma", "a.webm"),
)
STAGES = {"identify", "tags", "decode"}
_MEMORY_KB = 300_000


def decode(path: bytes) -> float:
    with open_audio(path) as audio:
        return sum(map(len, audio.blocks())) / audio.sample_rate


def outcomes(path: Path) -> list[str]:
    failures: list[FileError | None] = []
    for read in (payload_hash, read_tags, decode):
        try:
            read(bytes(path))
        except FileError as error:
            failures.append(error)
        else:
            failures.append(None)
    for failure in filter(None, failures):
        assert failure.stage in STAGES, path
        assert failure.reason, path
        assert "\n" not in failure.reason, path
        assert "/dev/fd" not in failure.reason, path
    return [failure.stage if failure else "ok" for failure in failures]


@pytest.mark.slow
def test_no_variant_does_more_than_fail(
    samples: dict[str, Path], tmp_path: Path, poison: ModuleType
) -> None:
    made = poison.make_poison([samples[name] for name in SOURCES], tmp_path / "p")
    assert len(made) >= 500
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    descriptors = len(os.listdir("/proc/self/fd"))
    counts: dict[str, Counter[str]] = {}
    for variant in made:
        stages = outcomes(variant.path)
        counts.setdefault(variant.kind, Counter())[stages[-1]] += 1
    assert len(os.listdir("/proc/self/fd")) == descriptors
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < _MEMORY_KB
    for kind in ("empty", "text", "playlist", "archive", "zero bytes"):
        assert set(counts[kind]) == {"identify"}, kind
    assert "ok" not in counts["no moov"]
    assert set(counts["wrong suffix"]) == {"ok"}
    assert set(counts["silence"]) == {"ok"}
    assert counts["picture"]["ok"] >= 1
    # Some formats end with an index or a tag that nobody misses.
    assert counts["truncated"]["ok"] < 0.1 * counts["truncated"].total()


def test_the_corpus_is_the_same_for_the_same_seed(
    samples: dict[str, Path], tmp_path: Path, poison: ModuleType
) -> None:
    for folder in ("1", "2"):
        poison.make_poison([samples["a.ogg"]], tmp_path / folder, big=False)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("1", "2")
    )
    assert first == second


def test_float_audio_that_is_no_number_is_decoded(
    tmp_path: Path, poison: ModuleType
) -> None:
    path = tmp_path / "nan.wav"
    values = np.array([np.nan, np.inf, 0.5], "<f4").tobytes()
    path.write_bytes(poison.wav(values, code=3, bits=32))
    with open_audio(bytes(path)) as audio:
        (block,) = audio.blocks()
    assert np.array_equal(block[:, 0], [np.nan, np.inf, 0.5], equal_nan=True)
