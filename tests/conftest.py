"""Fixtures that every test area shares."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("sonicat", deadline=None, max_examples=50)
settings.load_profile("sonicat")

MUSIC = Path(__file__).resolve().parents[2] / "shared" / "music"


@pytest.fixture(scope="session")
def music() -> Path:
    """Return the folder of real music; skip where it is absent."""
    if not MUSIC.is_dir():
        pytest.skip("the shared music library is not beside this checkout")
    return MUSIC
