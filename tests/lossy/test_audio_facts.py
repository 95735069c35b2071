"""Facts that are no music: each against a signal whose answer is known, or ffmpeg."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import firwin, resample_poly

from scanner.audio.encode import encode, ffmpeg_path
from scanner.features.bandwidth import BandwidthMeter
from scanner.features.extractor import AudioFactsMeter, Extractor
from scanner.features.loudness import LoudnessMeter, loudness_range
from scanner.features.true_peak import TruePeakMeter

SR = 44100


def noise(seconds, seed=0, channels=1, sr=SR):
    rng = np.random.default_rng(seed)
    return 0.1 * rng.standard_normal((int(seconds * sr), channels), np.float32)


def peaks(block):
    meter = TruePeakMeter(block.shape[1])
    meter.push(block)
    return meter.finish()


def upper_edge(mono, sr=SR):
    meter = BandwidthMeter(sr)
    meter.push(mono)
    return meter.finish()


def low_passed(cutoff_hz, sr=SR, seconds=12.0):
    taps = firwin(1601, cutoff_hz, window="blackman", fs=sr)
    y = np.convolve(noise(seconds, sr=sr)[:, 0], taps, "same")
    return (np.round(y * 32767) / 32767).astype(np.float32)


def facts_of(samples, sr=SR, length=None):
    extractor = Extractor(sr, samples.shape[1])
    for start in range(0, len(samples), length or len(samples)):
        extractor.push(samples[start : start + (length or len(samples))])
    return dict(extractor.finish().audio_facts)


def test_a_sine_between_its_samples_peaks_three_decibels_above_them():
    t = np.arange(SR)
    fade = np.minimum(1.0, np.minimum(t, SR - 1 - t) / 1000)
    sine = 0.5 * fade * np.sin(2 * np.pi * t / 4 + np.pi / 4)
    found = peaks(sine.astype(np.float32)[:, None])
    assert found["sample_peak_dbfs"] == pytest.approx(-9.03, abs=0.01)
    assert found["true_peak_dbtp"] == pytest.approx(-6.02, abs=0.05)


def test_the_crest_of_a_sine_is_three_decibels():
    sine = 0.3 * np.sin(2 * np.pi * 441 * np.arange(SR) / SR).astype(np.float32)
    assert peaks(sine[:, None])["crest_db"] == pytest.approx(3.01, abs=0.01)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_the_true_peak_is_that_of_the_whole_signal_oversampled(channels):
    block = noise(2.0, seed=3, channels=channels)
    whole = np.abs(resample_poly(block, 4, 1, window=("kaiser", 8.0))).max()
    found = peaks(block)["true_peak_dbtp"]
    assert found == pytest.approx(20 * np.log10(whole), abs=0.3)


@given(gain_db=st.floats(-60, 20), seed=st.integers(0, 99))
def test_gain_moves_the_peaks_by_as_much_and_the_crest_not_at_all(gain_db, seed):
    block = noise(0.2, seed, 2)
    plain = peaks(block)
    louder = peaks(block * np.float32(10 ** (gain_db / 20)))
    assert plain["true_peak_dbtp"] >= plain["sample_peak_dbfs"]
    for name, shift in (
        ("sample_peak_dbfs", gain_db),
        ("true_peak_dbtp", gain_db),
        ("crest_db", 0.0),
    ):
        assert louder[name] == pytest.approx(plain[name] + shift, abs=0.01)


@pytest.mark.parametrize("n", [0, 1, 5, 11, 12, 13, 127, 129])
def test_a_track_of_a_few_samples_has_the_peak_it_holds(n):
    block = np.zeros((n, 1), np.float32)
    block[-1:] = 0.5
    found = peaks(block)
    assert found == {} if n == 0 else found["sample_peak_dbfs"] < -6.0


def test_silence_has_no_edge_and_no_peak_but_its_length():
    silent = np.zeros((SR * 6, 2), np.float32)
    assert facts_of(silent) == {"leading_silence_samples": 6 * SR}


def test_leading_digital_silence_is_counted_in_samples():
    block = np.concatenate([np.zeros((20_001, 2), np.float32), noise(1, channels=2)])
    facts = AudioFactsMeter(SR, 2)
    for start in range(0, len(block), 16384):
        part = block[start : start + 16384]
        facts.push(part, part.mean(axis=1))
    assert facts.finish(np.empty(0))["leading_silence_samples"] == 20_001


@pytest.mark.parametrize("length", [1_000, 16_384, 100_001])
def test_the_length_of_the_blocks_changes_nothing(length):
    samples = noise(7.3, channels=2)
    assert facts_of(samples, length=length) == facts_of(samples)


@pytest.mark.parametrize("cutoff_hz", [8_000, 11_000, 16_000, 19_000])
@pytest.mark.parametrize("sr", [44_100, 48_000, 96_000])
def test_the_edge_is_where_the_low_pass_is(cutoff_hz, sr):
    found = upper_edge(low_passed(cutoff_hz, sr), sr)
    assert found["upper_edge_hz"] == pytest.approx(cutoff_hz, abs=500)
    assert found["edge_drop_db"] > 20


def test_white_noise_has_its_edge_at_half_the_rate():
    assert upper_edge(noise(10)[:, 0]) == {
        "upper_edge_hz": pytest.approx(SR / 2, abs=100),
        "edge_drop_db": pytest.approx(0.0, abs=3),
    }


def test_an_edge_is_found_above_clipping_though_no_band_is_quiet():
    clipped = low_passed(16_000, seconds=20)
    clipped[::4001] += 0.01  # a broad floor well above that of 16 bits
    found = upper_edge(clipped)
    assert found["upper_edge_hz"] == pytest.approx(16_000, abs=500)


@pytest.mark.parametrize(
    ("codec", "bitrate", "low", "high"),
    [
        ("mp3", "64k", 10_500, 11_800),
        ("mp3", "128k", 16_000, 17_300),
        ("mp3", "320k", 19_800, 20_600),
        ("opus", "48k", 19_800, 21_500),
    ],
)
def test_an_encoder_low_pass_is_seen(tmp_path, codec, bitrate, low, high):
    path = tmp_path / f"a.{codec}"
    encode(noise(12, channels=2), SR, path, codec, bitrate)
    decoded, sr = soundfile.read(path, dtype="float32", always_2d=True)
    found = upper_edge(decoded.mean(axis=1), sr)
    assert low < found["upper_edge_hz"] < high
    assert found["edge_drop_db"] > 20


def test_the_range_of_two_levels_is_their_distance():
    """EBU Tech 3342, minimum requirements, case 1: -20 and -30 dBFS, 20 s each."""
    t = np.arange(20 * 48_000) / 48_000
    sine = np.sin(2 * np.pi * 1000 * t).astype(np.float32)
    signal = np.concatenate([0.1 * sine, 10**-1.5 * sine]).astype(np.float32)
    meter = LoudnessMeter(48_000, 2)
    meter.push(np.repeat(signal[:, None], 2, axis=1))
    assert loudness_range(meter.steps()) == pytest.approx(10.0, abs=1.0)


def test_the_loudness_range_agrees_with_ffmpeg(tmp_path):
    rng = np.random.default_rng(5)
    level = np.repeat(10 ** rng.uniform(-1.5, 0, 30), SR)
    signal = (noise(30) * level[:, None]).astype(np.float32)
    path = tmp_path / "a.wav"
    soundfile.write(path, signal, SR, subtype="FLOAT")
    command = [ffmpeg_path(), "-nostdin", "-i", path, "-af", "ebur128", "-f", "null"]
    said = subprocess.run([*command, "-"], capture_output=True, text=True, check=True)
    theirs = float(re.findall(r"LRA: +([\d.]+) LU", said.stderr)[-1])
    assert facts_of(signal)["loudness_range_lu"] == pytest.approx(theirs, abs=0.15)


def test_less_than_three_seconds_have_no_range():
    assert loudness_range(np.ones(29)) is None
    assert loudness_range(np.zeros(300)) is None
