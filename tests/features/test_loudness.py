"""Loudness on the signals of EBU Tech 3341, and its filters against SciPy's."""

import numpy as np
import pytest
import scipy.signal

from scanner.features.loudness import LoudnessMeter, coefficients


def tone(sr, parts, channels=2):
    """Return 1 kHz at the given peak levels (dBFS) and lengths (s)."""
    level = np.concatenate([np.full(int(s * sr), 10 ** (db / 20)) for db, s in parts])
    y = level * np.sin(2 * np.pi * 1000.0 * np.arange(level.size) / sr)
    return np.repeat(y[:, None], channels, axis=1).astype(np.float32)


def loudness(samples, sr):
    meter = LoudnessMeter(sr, samples.shape[1])
    for start in range(0, len(samples), 10_007):
        meter.push(samples[start : start + 10_007])
    return meter.integrated()


@pytest.mark.parametrize("sr", [44100, 48000])
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
)
def test_ebu_cases(sr, parts, expected):
    assert loudness(tone(sr, parts), sr) == pytest.approx(expected, abs=0.1)


def test_ebu_case_of_five_channels():
    levels = 10.0 ** (np.array([-28, -28, -24, -30, -30]) / 20.0)
    samples = tone(48000, [(0, 20)], 5) * levels.astype(np.float32)
    assert loudness(samples, 48000) == pytest.approx(-23.0, abs=0.1)


def test_low_frequency_effects_do_not_count():
    six = tone(48000, [(-23, 5)], 6)
    six[:, [0, 1, 2, 4, 5]] = 0.0
    assert loudness(six, 48000) is None


@pytest.mark.parametrize("sr", [8000, 22050, 44100, 96000])
def test_full_scale_tone_in_mono(sr):
    t = np.arange(5 * sr) / sr
    samples = np.sin(2 * np.pi * 997 * t).astype(np.float32)[:, None]
    assert loudness(samples, sr) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("length", [4099, 32768, 100_003])
@pytest.mark.parametrize(
    ("sr", "channels"), [(44100, 2), (48000, 1), (22050, 6), (11025, 3), (192000, 8)]
)
def test_filters_are_scipys(sr, channels, length):
    """Whether a stretch lies in a block or straddles two, at the start and later."""
    rng = np.random.default_rng(sr)
    samples = 0.1 * rng.standard_normal((int(2.33 * sr), channels)).astype(np.float32)
    samples += np.float32(0.2)  # which the high-pass remembers
    meter = LoudnessMeter(sr, channels)
    for start in range(0, len(samples), length):
        meter.push(samples[start : start + length])
    y = samples.astype(np.float64)
    for b0, b1, b2, a1, a2 in coefficients(sr):
        y = scipy.signal.lfilter([b0, b1, b2], [1.0, a1, a2], y, axis=0)
    weights = {6: [1, 1, 1, 0, 1.41, 1.41], 8: [1, 1, 1, 0, 1, 1, 1.41, 1.41]}
    step = (sr + 5) // 10
    steps = (y[: len(y) // step * step] ** 2).reshape(-1, step, channels).mean(axis=1)
    expected = steps @ np.array(weights.get(channels, [1.0] * channels))
    np.testing.assert_allclose(meter.steps(), expected, rtol=1e-9)


def test_silence_after_music_leaves_no_tiny_numbers_behind():
    meter = LoudnessMeter(48000, 2)
    meter.push(tone(48000, [(-10, 1)]))
    meter.push(np.zeros((48000 * 5, 2), np.float32))
    assert not meter._state.any()


def test_less_than_a_block_has_no_loudness():
    assert loudness(tone(48000, [(-10, 0.39)]), 48000) is None
