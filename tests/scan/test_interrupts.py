"""When a signal ends the scan, by real signals."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from scanner.signals import Interrupts

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_ends_it_once() -> None:
    with Interrupts():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)


def test_a_signal_waits_for_what_is_held() -> None:
    done = False
    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with interrupts.held():
            signal.raise_signal(signal.SIGTERM)
            done = True
        pytest.fail("it went on")
    assert done


def test_a_signal_comes_too_late_when_all_is_done() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        interrupts.too_late()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
