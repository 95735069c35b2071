"""Ctrl-C, signals that end a program, and worker processes that end with theirs."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from catalog.exceptions import InterruptedRunError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the signals that end a program into KeyboardInterrupt: once, when it suits.

    Ending takes a moment: the workers are killed, what is finished is stored. A second
    Ctrl-C in that moment could strike anywhere, and lose what the first one saves.
    """

    def __init__(self) -> None:
        self._before: dict[signal.Signals, Any] = {}
        self._held = False
        self._asked = False
        self._raised = False

    def __enter__(self) -> Self:
        """Take the signals over, where this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                    self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *exc: object) -> None:
        """Give the signals back, unless the program is ending by one."""
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._raised else handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._held:
            self._end()

    def _end(self) -> None:
        if not self._raised:
            self._raised = True
            raise KeyboardInterrupt

    def too_late(self) -> None:
        """Take no more notice: all is done, and only the summary is left."""
        self._held = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put a signal off until the block is done."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._asked:
            self._end()


_POLL_S = 0.5
_watched: list[int] = []


def end_with_parent(parent: int) -> None:
    """End this worker process soon after the process `parent` is gone.

    A worker would go on with its task for nobody when the command is killed in a way
    that it cannot catch. What the worker started ends with it where the worker leads
    a process group. In the process `parent` itself, and when called again, this does
    nothing.
    """
    if os.getpid() == parent or _watched:
        return
    _watched.append(parent)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


@contextmanager
def terminations_as_interrupts() -> Iterator[None]:
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
def explain_interruption(kept: str) -> Iterator[None]:
    """Say what Ctrl-C leaves behind.

    Parameters
    ----------
    kept : str
        The state in which it leaves things, for a person.

    Raises
    ------
    InterruptedRunError
        In place of a KeyboardInterrupt.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise InterruptedRunError(f"interrupted: {kept}") from error


@contextmanager
def worker_replacement_silenced() -> Iterator[None]:
    """Let joblib replace a worker whose memory has grown without warning of it.

    Its task is done again by the next one: nothing that a user could act on.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A worker stopped while some jobs")
        yield
