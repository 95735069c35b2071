"""A number that moves must move the feature set's version with it."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from scanner.features.definition import VECTOR_NAMES, VERSION

FOLDER = Path(__file__).with_name("golden")


@pytest.fixture(scope="module")
def content():
    spec = importlib.util.spec_from_file_location("golden_make", FOLDER / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.content()


@pytest.fixture(scope="module")
def golden():
    path = FOLDER / f"v{VERSION}.json"
    assert path.is_file(), f"no golden file for version {VERSION}: run {FOLDER}/make.py"
    return json.loads(path.read_text())


def test_identity_is_as_recorded(content, golden):
    for key in ("version", "names", "parameters"):
        assert content[key] == golden[key], "raise definition.VERSION"


def test_numbers_are_as_recorded(content, golden):
    """Within what another processor's rounding may do."""
    assert content["loudness_lufs"] == pytest.approx(golden["loudness_lufs"], abs=1e-5)
    got, expected = np.array(content["vectors"]), np.array(golden["vectors"])
    assert got.shape == expected.shape == (3, len(VECTOR_NAMES))
    off = np.abs(got - expected) / np.maximum(np.abs(expected), 1e-2)
    worst = VECTOR_NAMES[int(off.max(axis=0).argmax())]
    assert off.max() < 2e-5, f"{worst} moved: raise definition.VERSION"
    for kind, values in golden["sequences"].items():
        np.testing.assert_allclose(content["sequences"][kind], values, atol=0.07)
