"""How a command that has worker processes ends: with them, whatever ends it."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLL_S = 0.5
_followed: list[int] = []


def follow(parent: int) -> None:
    """End this worker process soon after the process `parent` is gone.

    A worker that fits a model would go on with it for nobody when the command is
    killed in a way that it cannot catch. In the process `parent` itself, and when
    called again, this does nothing.
    """
    if os.getpid() == parent or _followed:
        return
    _followed.append(parent)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    os._exit(1)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let the signals that end a program raise KeyboardInterrupt, as Ctrl-C does.

    joblib then kills its workers. Signals that are ignored, as under nohup, stay so;
    outside the main thread, where none can be caught, nothing changes.
    """
    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def replaced_quietly() -> Iterator[None]:
    """Let joblib replace a worker whose memory has grown without warning of it.

    Its task is done again by the next one: nothing that a user could act on.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A worker stopped while some jobs")
        yield
