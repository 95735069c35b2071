"""Ctrl-C at a moment that suits: not in the midst of a commit, and once only.

Ending takes a moment: the workers are killed, what is finished is stored. A second
Ctrl-C in that moment could strike anywhere, and would lose what the first one saves.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the signals that end a program into KeyboardInterrupt, when it suits."""

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
        """Take no more notice: all is done, and only remains to be told."""
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
