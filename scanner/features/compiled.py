"""Compiled kernels: compiled once per machine, kept on disk, never in each worker."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import platformdirs
from numba.core import config as untyped_config

config: Any = untyped_config

F = TypeVar("F", bound=Callable[..., object])

# Sums may be reordered so that they run in lanes; NaN and infinity keep their meaning.
_FASTMATH = {"reassoc", "nsz", "contract"}


def _digest() -> str:
    """Return a digest of this package's sources.

    numba looks at the file of a kernel alone; the vector code that goes into it stands
    in others.
    """
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _writable(folder: Path) -> bool:
    """Make ``folder``, private, and tell whether files can be made in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def cache_folder() -> str | None:
    """Return where compiled kernels are kept; None where nothing can be written.

    The first that can be written: what ``NUMBA_CACHE_DIR`` names, the user's cache
    folder, the temporary folder.
    """
    named = [Path(config.CACHE_DIR)] if config.CACHE_DIR else []
    user = Path(platformdirs.user_cache_dir("sonicat", appauthor=False))
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    temporary = Path(tempfile.gettempdir()) / f"sonicat-{owner}"
    for place in (*named, user, temporary):
        folder = place / f"kernels-{_digest()}"
        if _writable(folder):
            return str(folder)
    return None


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
