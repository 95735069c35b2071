"""Fixtures that every test area shares."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# Before NumPy is loaded: tests run side by side, and the threads of one would wait for
# those of another, which takes ten times as long.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

settings.register_profile("sonicat", deadline=None, max_examples=50)
settings.load_profile("sonicat")

# A test run in the background of a shell ignores Ctrl-C, and so would every process
# that the tests start in order to press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

MUSIC = Path(__file__).resolve().parents[2] / "shared" / "music"


@pytest.fixture(scope="session")
def music() -> Path:
    """Return the folder of real music; skip where it is absent."""
    if not MUSIC.is_dir():
        pytest.skip("the shared music library is not beside this checkout")
    return MUSIC


@pytest.fixture(scope="session")
def poison() -> ModuleType:
    """Return benchmarks/poison.py, which makes damaged and nasty audio files."""
    path = Path(__file__).resolve().parents[1] / "benchmarks" / "poison.py"
    spec = importlib.util.spec_from_file_location("sonicat_poison", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent))  # it stands on its neighbours
    spec.loader.exec_module(module)
    sys.path.remove(str(path.parent))
    return module
