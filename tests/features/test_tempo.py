"""Tempo picks librosa's peak."""

import librosa
import numpy as np
import pytest

from scanner.features.statistics import TempoEstimator


@pytest.mark.parametrize("bpm", [70.0, 95.0, 120.0, 160.0])
def test_regular_onsets(bpm):
    onset = np.zeros(1292, np.float32)
    beats = np.arange(0, 1291, 60.0 * 22050 / 512 / bpm)
    onset[beats.round().astype(int)] = 1.0
    found = TempoEstimator(1292).estimate(onset)
    assert found == librosa.feature.tempo(onset_envelope=onset, sr=22050)[0]
    assert found == pytest.approx(bpm, rel=0.03)


@pytest.mark.parametrize("n", [216, 500, 1291])
def test_noise_of_any_length_with_every_frame(n):
    """With every frame of the tempogram, not every sixteenth, it is the same sum."""
    rng = np.random.default_rng(n)
    for _ in range(10):
        onset = rng.gamma(1.0, 1.0, n).astype(np.float32)
        expected = librosa.feature.tempo(onset_envelope=onset, sr=22050)[0]
        assert TempoEstimator(n, 1).estimate(onset) == pytest.approx(expected)


def test_where_nothing_starts_the_prior_decides():
    onset = np.zeros(1292, np.float32)
    expected = librosa.feature.tempo(onset_envelope=onset, sr=22050)[0]
    assert TempoEstimator(1292).estimate(onset) == pytest.approx(expected)


@pytest.mark.slow
def test_real_music(monkeypatch, measure, music, decoded):
    """At least 99 of 100 windows; a window every two seconds of six files."""
    envelopes = []
    estimate = TempoEstimator.estimate

    def record(self, onset):
        envelopes.append(onset.copy())
        return estimate(self, onset)

    monkeypatch.setattr(TempoEstimator, "estimate", record)
    for path in sorted(music.glob("*/*/*02*.mp3"))[::3]:
        samples, sr = decoded(path, 60.0)
        measure(samples, sr, window_s=30.0, hop_s=2.0)
    estimator = TempoEstimator(1293)
    expected = [librosa.feature.tempo(onset_envelope=o, sr=22050)[0] for o in envelopes]
    found = np.array([estimate(estimator, onset) for onset in envelopes])
    assert len(envelopes) > 50
    assert np.mean(np.isclose(found, expected)) >= 0.99
