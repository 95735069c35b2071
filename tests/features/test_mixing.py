"""The mean of channels, and what must not go into it, in lanes and in what is left."""

import numpy as np
import pytest

from scanner.exceptions import FeatureError
from scanner.features.extractor import downmix


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 31])
def test_the_mean_is_numpys(n, channels):
    block = np.random.default_rng(n).standard_normal((n, channels)).astype(np.float32)
    expected = block.mean(axis=1, dtype=np.float64)
    np.testing.assert_allclose(downmix(block), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("value", [np.nan, -np.inf, -(2.0**41)])
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("place", range(19))
def test_one_bad_sample_is_found_wherever_it_is(place, channels, value):
    block = np.zeros((19, channels), np.float32)
    block[place, -1] = value * channels
    with pytest.raises(FeatureError):
        downmix(block)
