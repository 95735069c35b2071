"""Compiled kernels: compiled once per machine, kept on disk, never in each worker."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba
from numba.core import config

F = TypeVar("F", bound=Callable[..., object])

# Sums may be reordered so that they run in lanes; NaN and infinity keep their meaning.
_FASTMATH = {"reassoc", "nsz", "contract", "arcp"}


def _private_cache() -> str:
    """Return a cache folder of this user's own under the temporary folder."""
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"sonicat-kernels-{owner}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        return tempfile.mkdtemp(prefix="sonicat-kernels-")
    return str(folder)


def kernel(*signatures: str) -> Callable[[F], F]:
    """Compile a function for the given signatures, through the cache on disk.

    Where numba finds no folder that it may write (a read-only installation without a
    home), the cache goes to the temporary folder.
    """

    def decorate(function: F) -> F:
        compile_ = numba.njit(
            list(signatures), cache=True, nogil=True, fastmath=_FASTMATH
        )
        try:
            compiled = compile_(function)
        except RuntimeError as error:
            if "locator" not in str(error):
                raise
            config.CACHE_DIR = _private_cache()
            compiled = compile_(function)
        return cast("F", compiled)

    return decorate
