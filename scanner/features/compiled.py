"""Compiled kernels: compiled once per machine, kept on disk, never in each worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import config as untyped_config

from scanner.features.kernels import cache_folder

config: Any = untyped_config

F = TypeVar("F", bound=Callable[..., object])

# Sums may be reordered so that they run in lanes; NaN and infinity keep their meaning.
_FASTMATH = {"reassoc", "nsz", "contract"}


def kernel(*signatures: str, exact: bool = False) -> Callable[[F], F]:
    """Compile a function for the given signatures, or load it from the cache.

    Parameters
    ----------
    signatures : str
        As numba writes them.
    exact : bool
        Keep sums in the order in which they are written.
    """

    def decorate(function: F) -> F:
        folder, before = cache_folder(), config.CACHE_DIR
        compiler = numba.njit(
            list(signatures),
            cache=folder is not None,
            nogil=True,
            fastmath=False if exact else _FASTMATH,
            error_model="numpy",  # a division that may raise stays out of lanes
        )
        config.CACHE_DIR = folder or before
        try:
            return cast("F", compiler(function))
        finally:
            config.CACHE_DIR = before

    return decorate
