"""Where compiled kernels are kept; loads neither numba nor any of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

import platformdirs

_PREFIX = "kernels-"
_COMPLETE = "complete"
_UNUSED_DAYS = 30


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
            return True  # which also tells `prune` that the folder is in use
    except OSError:
        return False


@cache
def cache_folder() -> str | None:
    """Return where compiled kernels are kept; None where nothing can be written.

    The first that can be written: what ``NUMBA_CACHE_DIR`` names, the user's cache
    folder, the temporary folder.
    """
    named = os.environ.get("NUMBA_CACHE_DIR")
    user = Path(platformdirs.user_cache_dir("sonicat", appauthor=False))
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    temporary = Path(tempfile.gettempdir()) / f"sonicat-{owner}"
    for place in (*([Path(named)] if named else []), user, temporary):
        folder = place / f"{_PREFIX}{_digest()}"
        if _writable(folder):
            return str(folder)
    return None


def are_compiled() -> bool:
    """Say whether all kernels of this version have been compiled and kept."""
    folder = cache_folder()
    return folder is not None and Path(folder, _COMPLETE).exists()


def note_compiled() -> None:
    """Note that all kernels are there, and remove those of versions long unused."""
    folder = cache_folder()
    if folder is not None:
        Path(folder, _COMPLETE).touch()
        prune(Path(folder))


def prune(current: Path) -> None:
    """Remove the kernels of other versions that nobody has used for 30 days."""
    oldest = time.time() - _UNUSED_DAYS * 86400
    for other in current.parent.glob(f"{_PREFIX}*"):
        if other != current and other.stat().st_mtime < oldest:
            shutil.rmtree(other, ignore_errors=True)
