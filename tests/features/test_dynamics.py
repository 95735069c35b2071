"""The seed's own features against plain NumPy, and on levels with known answers."""

import itertools

import numpy as np
import pytest

from scanner.features.definition import ENERGY_CHANGE, HOP_LENGTH, SR
from scanner.features.statistics import dynamics


def plain(rms):
    mean, seconds = rms.mean(), len(rms) * HOP_LENGTH / SR
    crossings = changes = drops = 0
    for before, now in itertools.pairwise(rms):
        crossings += (before > mean) != (now > mean)
        changes += abs(now - before) > ENERGY_CHANGE * mean
        drops += before - now > ENERGY_CHANGE * mean
    above = sum(value > mean for value in rms) / len(rms)
    return above, crossings / seconds, changes / seconds, drops / seconds


@pytest.mark.parametrize("seed", range(5))
def test_plain_numpy_agrees(seed):
    rms = np.random.default_rng(seed).gamma(2.0, 0.05, 1292)
    assert dynamics(rms) == pytest.approx(plain(rms), rel=1e-12)


def test_the_engine_agrees_with_plain_numpy(measure, make):
    librosa = pytest.importorskip("librosa")
    samples = make("music")
    columns = measure(samples).windows.columns
    rms = librosa.feature.rms(y=samples.astype(np.float64))[0][
        : -(-len(samples) // 512)
    ]
    names = ("above_mean", "crossings_per_s")
    found = [columns[f"rms_{name}"][0] for name in names]
    found += [columns[f"energy_{name}_per_s"][0] for name in ("changes", "drops")]
    assert found == pytest.approx(plain(rms), rel=1e-6)


def test_pulses_have_known_rates():
    """Two seconds: ten pulses, up at once and down at once."""
    rms = np.full(10 * 9, 0.1)
    rms[4::9] = 1.0
    seconds = rms.size * HOP_LENGTH / SR
    above, crossings, changes, drops = dynamics(rms)
    assert above == pytest.approx(1 / 9)
    assert crossings * seconds == pytest.approx(20)
    assert changes * seconds == pytest.approx(20)
    assert drops * seconds == pytest.approx(10)


def test_scale_does_not_matter():
    rms = np.random.default_rng(1).gamma(2.0, 0.05, 500)
    assert dynamics(rms) == pytest.approx(dynamics(rms * 7.0))
