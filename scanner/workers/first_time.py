"""Tell whether the kernels are still to be compiled, without loading any of them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs


def is_first_time() -> bool:
    """Say whether no compiled kernels are kept on this machine yet."""
    places = [
        Path(os.environ.get("NUMBA_CACHE_DIR", os.devnull)),
        Path(platformdirs.user_cache_dir("sonicat", appauthor=False)),
        Path(tempfile.gettempdir()) / f"sonicat-{os.getuid()}",
    ]
    return not any(any(place.glob("kernels-*/**/*.nbi")) for place in places)
