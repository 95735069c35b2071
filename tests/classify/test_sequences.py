"""What is read off the sequences depends neither on key nor on level nor on length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.sequence_features import (
    LAGS,
    NAMES,
    STEPS,
    TrackSequences,
    compute_sequence_features,
    cut_slices,
    describe_windows,
    remove_key,
)

RATE = 2.0


def sequences(steps=200, seed=0):
    rng = np.random.default_rng(seed)
    chroma = rng.random((steps, 12)).astype(np.float16)
    logmel = rng.normal(-40, 10, (steps, 40)).astype(np.float16)
    return TrackSequences(chroma, logmel, RATE)


@given(shift=st.integers(1, 11))
def test_a_transposition_changes_nothing(shift):
    track = sequences()
    moved = track._replace(chroma=np.roll(track.chroma, shift, axis=1))
    span = np.array([0.0, 10.0]), np.array([30.0, 30.0])
    np.testing.assert_allclose(
        compute_sequence_features(track, *span),
        compute_sequence_features(moved, *span),
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_gain_changes_nothing():
    track = sequences()
    louder = track._replace(logmel=(track.logmel + np.float16(8)).astype(np.float16))
    span = np.array([0.0]), np.array([30.0])
    np.testing.assert_allclose(
        compute_sequence_features(track, *span),
        compute_sequence_features(louder, *span),
        rtol=1e-2,
        atol=1e-2,
    )
    np.testing.assert_allclose(
        cut_slices(track, *span)[0], cut_slices(louder, *span)[0], atol=0.1
    )


def test_windows_agree_with_a_plain_computation():
    track = sequences()
    found = compute_sequence_features(track, np.array([10.0]), np.array([30.0]))[0]
    chroma = track.chroma[20:80].astype(float)
    circles = np.abs(np.fft.rfft(chroma, axis=1))[:, 1:]
    circles /= chroma.sum(axis=1, keepdims=True)
    at = NAMES.index("tonal_1_mean")
    np.testing.assert_allclose(found[at : at + 6], circles.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(found[at + 6 : at + 12], circles.std(axis=0), rtol=1e-3)
    unit = chroma / np.linalg.norm(chroma, axis=1, keepdims=True)
    kept = [(unit[lag:] * unit[:-lag]).sum(axis=1).mean() for lag in LAGS]
    np.testing.assert_allclose(found[-len(LAGS) :], kept, rtol=1e-4)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 9, 40])
def test_short_tracks_are_described_finitely(steps):
    track = sequences(steps)
    span = np.array([0.0]), np.array([max(steps, 1) / RATE])
    found = compute_sequence_features(track, *span)
    assert found.shape == (1, len(NAMES))
    assert np.isfinite(found).all()
    assert cut_slices(track, *span).shape == (1, STEPS, 52)


def test_chroma_statistics_lose_their_key_and_others_stay():
    names = ("rms", *(f"chroma_{i:02}_mean" for i in range(12)), "zcr")
    rng = np.random.default_rng(0)
    vectors = rng.random((3, 14)).astype(np.float32)
    moved = vectors.copy()
    moved[:, 1:13] = np.roll(vectors[:, 1:13], 5, axis=1)
    found, named = remove_key(vectors, names)
    assert named[:2] == ("rms", "zcr")
    assert len(named) == found.shape[1] == 2 + 7
    np.testing.assert_allclose(found, remove_key(moved, names)[0], rtol=1e-5)


def test_windows_without_sequences_are_their_vectors():
    vectors = np.ones((2, 1), np.float32)
    found, named = describe_windows(vectors, ("a",), np.zeros(2), np.ones(2), None)
    assert named == ("a",)
    np.testing.assert_array_equal(found, vectors)
