"""Compiled functions (numba) and the folder that keeps them from run to run."""

from __future__ import annotations

import hashlib
import inspect
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

_PREFIX = "kernels-"
_COMPLETE = "complete"
_UNUSED_DAYS = 30

# Sums may be reordered so that they run in lanes; NaN and infinity keep their meaning.
_FASTMATH = {"reassoc", "nsz", "contract"}

PARTS = (
    ("spectral", "hpss", "waveform"),
    ("simd.k_weighting", "true_peak", "bandwidth", "statistics"),
)
"""Modules with kernels, in parts that take about as long to compile."""

F = TypeVar("F", bound=Callable[..., object])


@cache
def _load_numba() -> Any:
    # 0.4 s and 90 MB: not in the process that plans a scan, which asks are_compiled()
    import numba.extending  # noqa: PLC0415

    return numba


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
        numba = _load_numba()
        config = numba.core.config
        folder, before = cache_folder(), config.CACHE_DIR
        compiler: Callable[[F], F] = numba.njit(
            list(signatures),
            cache=folder is not None,
            nogil=True,
            fastmath=False if exact else _FASTMATH,
            error_model="numpy",  # a division that may raise stays out of lanes
        )
        config.CACHE_DIR = folder or before
        try:
            return compiler(function)
        finally:
            config.CACHE_DIR = before

    return decorate


def intrinsic(wrap: Callable[[Any], Any], emit: Callable[..., None]) -> Any:
    """Make a function that emits LLVM instructions callable from kernels.

    Parameters
    ----------
    wrap : callable
        Given LLVM's builder, returns what ``emit`` writes to.
    emit : callable
        Called with that and then, for each argument of the call, the pointer to an
        array's data or an integer.
    """
    numba = _load_numba()

    def typing(context: Any, *args: Any) -> Any:  # noqa: ARG001  (numba's protocol)
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            plain = [
                context.make_array(kind)(context, builder, value).data
                if isinstance(kind, numba.types.Array)
                else value
                for kind, value in zip(signature.args, values, strict=True)
            ]
            emit(wrap(builder), *plain)
            return context.get_dummy_value()

        return numba.types.void(*args), generate

    names = list(inspect.signature(emit).parameters.values())[1:]
    first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    typing.__signature__ = inspect.Signature([first, *names])  # type: ignore[attr-defined]
    typing.__name__ = emit.__name__
    return numba.extending.intrinsic(typing)


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
        folder = place / f"{_PREFIX}{_digest_sources()}"
        if _make_writable(folder):
            return str(folder)
    return None


def _digest_sources() -> str:
    """Return a digest of this package's sources.

    numba looks at the file of a kernel alone; the vector code that goes into it stands
    in others.
    """
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _make_writable(folder: Path) -> bool:
    """Make ``folder``, private; return whether files can be made in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True  # which also shows `prune` that the folder is in use
    except OSError:
        return False


def are_compiled() -> bool:
    """Say whether all kernels of this version have been compiled and kept."""
    folder = cache_folder()
    return folder is not None and Path(folder, _COMPLETE).exists()


def compile_once(on_progress: Callable[[str], None]) -> None:
    """Have all kernels compiled into the cache, so that no worker has to.

    What fails here, for want of a folder to keep them in, each worker does for itself.

    Parameters
    ----------
    on_progress : callable
        Called with what is being done, where there is something to do.
    """
    if are_compiled():
        return
    on_progress("compiling the analysis for this machine, once ...")
    code = "from scanner.features.kernels import load_part; load_part({})"
    processes = [
        subprocess.Popen(  # noqa: S603  (this interpreter, this code)
            [sys.executable, "-P", "-c", code.format(part)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for part in range(len(PARTS))
    ]
    try:
        statuses = [process.wait() for process in processes]
        folder = cache_folder()
        if folder is not None and not any(statuses):
            Path(folder, _COMPLETE).touch()
            prune(Path(folder))
    finally:
        for process in processes:
            process.kill()


def load_part(part: int) -> None:
    """Compile the kernels of a part, or load them from the cache."""
    for module in PARTS[part]:
        import_module(f"scanner.features.{module}")


def prune(current: Path) -> None:
    """Remove the kernels of other versions that nobody has used for 30 days."""
    oldest = time.time() - _UNUSED_DAYS * 86400
    for other in current.parent.glob(f"{_PREFIX}*"):
        if other != current and other.stat().st_mtime < oldest:
            shutil.rmtree(other, ignore_errors=True)
