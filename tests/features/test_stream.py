"""Blocks, levels and shifts: what may and what may not change a number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.exceptions import FeatureError
from scanner.features.definition import COLUMNS, HOP_LENGTH, SR, VECTOR_NAMES
from scanner.features.extractor import Extractor

SHORT = {"window_s": 2.0, "hop_s": 1.0}


def same(a, b):
    """Tell whether two extractions agree to the last bit."""
    pairs = [(a.windows.vectors, b.windows.vectors)]
    pairs += [(a.windows.columns[name], b.windows.columns[name]) for name in COLUMNS]
    pairs += [
        (x.values, y.values) for x, y in zip(a.sequences, b.sequences, strict=True)
    ]
    facts = a.audio_facts == b.audio_facts and a.loudness_lufs == b.loudness_lufs
    return facts and all(np.array_equal(x, y) for x, y in pairs)


@pytest.fixture(scope="module")
def stereo(make):
    left, right = make("music", 6.0, 44100), make("noise", 6.0, 44100)
    return np.stack([left, 0.3 * right], axis=1)


@pytest.fixture(scope="module")
def whole(measure, stereo):
    return measure(stereo, 44100, **SHORT)


@settings(max_examples=15)
@given(
    st.lists(
        st.one_of(st.integers(0, 40), st.integers(0, 70000)), min_size=1, max_size=12
    )
)
def test_block_lengths_do_not_matter(measure, stereo, whole, blocks):
    assert same(whole, measure(stereo, 44100, blocks=blocks, **SHORT))


@pytest.mark.parametrize("block", [1000, 4096, 16384, 65536])
def test_even_blocks_do_not_matter(measure, stereo, whole, block):
    blocks = [block] * (len(stereo) // block)
    assert same(whole, measure(stereo, 44100, blocks=blocks, **SHORT))


@settings(max_examples=8)
@given(st.floats(-20.0, 20.0))
def test_gain_changes_level_and_nothing_else(measure, stereo, whole, gain_db):
    gain = np.float32(10.0 ** (gain_db / 20.0))
    found = measure(stereo * gain, 44100, **SHORT)
    assert found.loudness_lufs == pytest.approx(whole.loudness_lufs + gain_db, abs=1e-4)
    for name in COLUMNS:
        scale = float(gain) if name in ("rms_mean", "rms_max") else 1.0
        expected = whole.windows.columns[name] * scale
        rtol = 0.05 if name == "spectral_flatness" else 1e-3  # librosa's amin
        got = found.windows.columns[name]
        np.testing.assert_allclose(got, expected, rtol=rtol, err_msg=name)
    for i, name in enumerate(VECTOR_NAMES):
        got, expected = found.windows.vectors[:, i], whole.windows.vectors[:, i]
        rtol = 0.05 if "flatness" in name else 1e-3
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=5e-3, err_msg=name)
    for a, b in zip(found.sequences, whole.sequences, strict=True):
        np.testing.assert_allclose(a.values, b.values, atol=0.13)


def test_a_shift_by_one_hop_shifts_the_frames(measure, make):
    samples = make("music")
    hop = {"window_s": 1.0, "hop_s": HOP_LENGTH / SR}
    late = np.concatenate([np.zeros(HOP_LENGTH, np.float32), samples])
    before, after = measure(samples, **hop).windows, measure(late, **hop).windows
    clear = 20  # frames at the edges see the padding, and medians see 15 frames on
    for name in COLUMNS:
        a, b = before.columns[name][clear:-clear], after.columns[name][clear:]
        np.testing.assert_array_equal(a, b[1 : 1 + a.size])


def test_windows_start_every_hop_while_a_whole_one_fits(measure, make):
    windows = measure(make("noise", 45.5)).windows
    assert windows.start_s.tolist() == [0.0, 10.0]
    assert windows.duration_s.tolist() == [30.0, 30.0]
    exact = measure(make("noise", 30.0)).windows
    assert exact.start_s.tolist() == [0.0]
    gap = measure(make("noise", 20.0), window_s=2.0, hop_s=7.0).windows
    assert gap.start_s.tolist() == [0.0, 7.0, 14.0]


def test_a_track_shorter_than_a_window_is_one_short_window(measure, make):
    found = measure(make("noise", 12.0))
    assert found.status == "ok"
    assert found.windows.duration_s.tolist() == [12.0]
    rates = [(s.kind, s.values.shape, s.values.dtype) for s in found.sequences]
    assert rates == [("chroma", (23, 12), "float16"), ("logmel", (23, 40), "float16")]


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.0, 4.99])
def test_below_five_seconds_there_is_no_window(measure, make, seconds):
    found = measure(make("noise", seconds))
    assert found.status == "too_short"
    assert found.windows.vectors.shape == (0, len(VECTOR_NAMES))
    assert found.sequences == ()
    assert found.duration_s == pytest.approx(seconds, abs=1e-4)


def test_silence_is_flagged_and_finite(measure, make):
    nothing = measure(np.zeros(6 * SR, np.float32))
    assert nothing.status == "silent"
    assert nothing.loudness_lufs is None
    assert nothing.windows.silent.all()
    assert np.isfinite(nothing.windows.vectors).all()
    half = np.concatenate([np.zeros(61 * SR // 10, np.float32), make("noise")])
    some = measure(half, window_s=3.0, hop_s=3.0)
    assert some.status == "ok"
    assert some.windows.silent.tolist() == [True, True, False, False]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 100_000, 6 * 44100 - 1])
def test_what_is_no_number_is_refused(make, value, place):
    samples = np.stack([make("noise", 6.0, 44100)] * 2, axis=1)
    samples[place, 1] = value
    extractor = Extractor(44100, 2)
    with pytest.raises(FeatureError, match="NaN or infinity") as caught:  # noqa: PT012
        extractor.push(samples)
        extractor.finish()
    assert caught.value.stage == "features"


def test_what_overflows_is_refused(make):
    extractor = Extractor(SR, 1)
    with pytest.raises(FeatureError, match="too loud"):
        extractor.push(1e30 * make("noise")[:, None])


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "sparse", "square", "ramp", "constant"]),
    st.floats(-12.0, 11.0),
)
def test_never_a_nan(measure, seed, kind, log_size):
    rng = np.random.default_rng(seed)
    n = 5 * SR + int(rng.integers(0, 5000))
    samples = {
        "noise": lambda: rng.standard_normal(n),
        "sparse": lambda: np.where(rng.random(n) < 1e-4, 1.0, 0.0),
        "square": lambda: np.sign(np.sin(np.arange(n) * rng.random())),
        "ramp": lambda: np.linspace(-1.0, 1.0, n),
        "constant": lambda: np.full(n, rng.choice([-1.0, 1.0])),
    }[kind]()
    found = measure((10.0**log_size * samples).astype(np.float32), **SHORT)
    assert np.isfinite(found.windows.vectors).all()
    assert all(np.isfinite(v).all() for v in found.windows.columns.values())
    assert all(np.isfinite(s.values).all() for s in found.sequences)
    assert all(np.isfinite(v) for v in found.audio_facts.values())


def test_stages_are_charged(measure, make):
    costs = {c.stage: c for c in measure(make("noise"), SR).costs}
    assert {"mix", "loudness", "spectrum", "hpss", "features", "summary"} <= set(costs)
    assert all(c.cpu_s >= 0.0 and c.wall_s >= 0.0 for c in costs.values())
