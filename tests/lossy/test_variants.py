"""Re-encodings: what they are called, which tracks, in step, stored, cleaned up."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from catalog.audio_facts import Candidate
from scanner.exceptions import EncoderMissingError, VariantError
from scanner.variants.align import align, find_delay, make_reference
from scanner.variants.encodings import parse_variant, parse_variants
from scanner.variants.make import choose_sample
from scanner.variants.transcode import require_encoders, transcode

SR = 44100


def music_like(seconds, sr=SR, seed=0):
    """Return notes that start here and there over a soft noise, in stereo."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * sr)) / sr
    y = 0.01 * rng.standard_normal((len(t), 2))
    for start in np.arange(0, seconds, 0.37):
        since = np.maximum(t - start - 0.05 * rng.random(), 0)
        tone = np.sin(2 * np.pi * rng.uniform(100, 3000) * since)
        y += (0.2 * tone * np.exp(-6 * since) * (since > 0))[:, None]
    return y.astype(np.float32)


def test_a_list_is_read_in_order_and_without_repeats():
    assert parse_variants("mp3:64k,yt, mp3:64k ,aac:96k") == (
        "mp3:64k",
        "yt",
        "aac:96k",
    )
    assert [step.codec for step in parse_variant("yt").encodings] == ["aac", "mp3"]


@pytest.mark.parametrize("text", ["", ",", "mp3", "mp3:64", "flac:64k", "mp3:0k", "x"])
def test_what_is_no_variant_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="mp3:64k"):
        parse_variants(text)


def candidate(label, album, number):
    return Candidate(1, b"/", b"x", 1, 1, f"{label}{album}{number}", label, album, 60.0)


def test_a_sample_takes_labels_in_turn_and_albums_in_turn():
    known = [candidate("a", f"a{k}", i) for k in range(3) for i in range(30)]
    known += [candidate("b", "b0", i) for i in range(2)]
    chosen = choose_sample(known, 5, seed=0)
    assert sorted(one.label for one in chosen) == ["a", "a", "a", "b", "b"]
    assert len({one.group_key for one in chosen if one.label == "a"}) == 3
    assert choose_sample(known[::-1], 5, seed=0) == chosen
    assert choose_sample(known, 5, seed=1) != chosen
    assert len(choose_sample(known, 1000, seed=0)) == len(known)
    assert choose_sample([], 5, seed=0) == []


@pytest.mark.parametrize("delay", [-3000, -1, 0, 1, 529, 1105, 2257, 6000])
def test_a_delay_is_found_to_the_sample_and_undone(delay):
    y = music_like(12)
    late = np.zeros((len(y) + 6000, 2), np.float32)
    part = y[max(-delay, 0) :]
    late[max(delay, 0) :][: len(part)] = part[: len(late) - max(delay, 0)]
    known = make_reference(y, SR)
    assert find_delay(known, late, SR) == delay
    back = align(known, late, SR)
    assert back.shape == y.shape
    kept = slice(max(-delay, 0), None)
    assert np.array_equal(back[kept], y[kept])


def test_other_music_is_not_taken_for_a_re_encoding():
    with pytest.raises(VariantError, match="no likeness"):
        find_delay(make_reference(music_like(12), SR), music_like(12, seed=9), SR)


@pytest.mark.parametrize(
    ("name", "sr"),
    [
        ("mp3:64k", 44_100),
        ("mp3:320k", 48_000),
        ("aac:96k", 44_100),
        ("opus:48k", 44_100),
        ("vorbis:64k", 48_000),
        ("wma:96k", 44_100),
        ("yt", 44_100),
    ],
)
def test_every_codec_comes_back_in_step_and_of_the_same_length(tmp_path, name, sr):
    y = music_like(6, sr)
    found, rate, _ = transcode(y, sr, parse_variant(name), str(tmp_path))
    assert len(found) == round(len(y) * rate / sr)
    assert find_delay(make_reference(y, sr), found, rate) == 0
    assert list(tmp_path.iterdir()) == []


def test_high_rates_and_many_channels_can_be_encoded(tmp_path):
    y = music_like(6, 96_000)
    found, rate, _ = transcode(y, 96_000, parse_variant("mp3:128k"), str(tmp_path))
    assert rate == 48_000
    six = np.repeat(music_like(6)[:, :1], 6, axis=1)
    found, _, _ = transcode(six, SR, parse_variant("mp3:128k"), str(tmp_path))
    assert found.shape[1] == 1


def test_a_track_of_a_moment_is_encoded_too(tmp_path):
    y = music_like(1.5)
    found, _, _ = transcode(y, SR, parse_variant("aac:96k"), str(tmp_path))
    assert found.shape == y.shape


def test_a_missing_encoder_is_named_before_anything_is_done(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho ' A....D aac  AAC (Advanced Audio Coding)'\n")
    program.chmod(0o755)
    monkeypatch.setattr("scanner.variants.transcode.ffmpeg_path", lambda: str(program))
    require_encoders(["aac:96k"])
    with pytest.raises(EncoderMissingError, match=r"yt: .* has no encoder libmp3lame"):
        require_encoders(["aac:96k", "yt"])


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    for i in range(3):
        soundfile.write(folder / f"{i}.flac", music_like(31, seed=i), SR)
    return folder


def run_scan(*arguments, **more):
    command = [sys.executable, "-m", "sonicat", "scan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


def stored(db):
    with sqlite3.connect(db) as connection:
        rows = connection.execute(
            "SELECT payload_id, variant, duration_s, loudness_lufs FROM analyses"
        ).fetchall()
    connection.close()
    return rows


@pytest.mark.slow
def test_variants_are_stored_beside_the_originals_and_made_once(library, tmp_path):
    db = tmp_path / "catalog.db"
    wanted = ["--db", db, "-j2", "--variants", "mp3:64k", "--sample", "2"]
    first = run_scan(*wanted, library)
    assert first.returncode == 0, first.stderr
    rows = stored(db)
    assert [variant for _, variant, *_ in rows].count("original") == 3
    coded = {p: d for p, variant, d, _ in rows if variant == "mp3:64k"}
    whole = {p: d for p, variant, d, _ in rows if variant == "original"}
    assert len(coded) == 2
    assert all(coded[p] == pytest.approx(whole[p], abs=1e-3) for p in coded)
    again = run_scan(*wanted)
    assert "re-encoded" not in again.stdout
    more = run_scan("--db", db, "--variants", "mp3:64k,opus:48k", "--sample", "2")
    assert "re-encoded           2" in more.stdout
    assert len(stored(db)) == 7


@pytest.mark.slow
def test_an_interrupt_leaves_no_temporary_file_and_keeps_what_is_done(
    library, tmp_path
):
    db, temp = tmp_path / "catalog.db", tmp_path / "temp"
    temp.mkdir()
    assert run_scan("--db", db, library).returncode == 0
    command = [sys.executable, "-m", "sonicat", "scan", "--db", str(db), "-j1"]
    process = subprocess.Popen(
        [*command, "--variants", "mp3:64k,aac:96k,opus:48k,yt"],
        env={**os.environ, "TMPDIR": str(temp)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not list(temp.glob("sonicat-scan-*/*.*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, output = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert list(temp.glob("sonicat-scan-*")) == []


@pytest.mark.slow
def test_a_full_disk_is_told_in_one_line(library, tmp_path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    # A worker whose temporary files all are /dev/full: it takes no byte.
    code = (
        "import numpy as np, sys;"
        "from scanner.variants.transcode import transcode;"
        "from scanner.variants.encodings import parse_variant;"
        "import pathlib, os;"
        "p = pathlib.Path(sys.argv[1], f'{os.getpid()}.mp3');"
        "p.symlink_to('/dev/full');"
        "y = np.random.default_rng(0).standard_normal((300000, 2)) * 0.1;"
        "transcode(y.astype('f4'), 44100, parse_variant('mp3:320k'), sys.argv[1])"
    )
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "FileError: disk: No space left on device" in done.stderr
