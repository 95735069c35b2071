"""The progress of a scan on stderr: a bar, plain lines, or nothing."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from scanner.plan import Durations, FileTask, Remaining

_NARROW = 72  # columns
_LINES_EVERY_S = 30.0
_AVERAGED_S = 60.0  # over which the speed is averaged


class Progress:
    """What a scan calls to show how far it is; this one shows nothing."""

    def found(self, count: int) -> None:
        """`count` audio files were found so far."""

    def begin(self, tasks: Sequence[FileTask]) -> None:
        """Take the files that are going to be read."""

    def done(self, task: FileTask, audio_s: float | None, note: str) -> None:
        """One file is done; `audio_s` is its length where that was measured."""

    def tick(self) -> None:
        """Time has passed."""

    def say(self, text: str) -> None:
        """Show a line to the user."""

    def close(self) -> None:
        """Nothing more comes."""


class RobustProgress(Progress):
    """Shows what another shows, until that cannot be written any more.

    A terminal may be closed, or the disk that a log is redirected to be full, hours
    before the scan is done.
    """

    def __init__(self, shown: Progress) -> None:
        self._shown = shown

    def found(self, count: int) -> None:
        """See `Progress`."""
        with self._ignoring_errors():
            self._shown.found(count)

    def begin(self, tasks: Sequence[FileTask]) -> None:
        """See `Progress`."""
        with self._ignoring_errors():
            self._shown.begin(tasks)

    def done(self, task: FileTask, audio_s: float | None, note: str) -> None:
        """See `Progress`."""
        with self._ignoring_errors():
            self._shown.done(task, audio_s, note)

    def tick(self) -> None:
        """See `Progress`."""
        with self._ignoring_errors():
            self._shown.tick()

    def say(self, text: str) -> None:
        """See `Progress`."""
        with self._ignoring_errors():
            self._shown.say(text)

    def close(self) -> None:
        """See `Progress`."""
        with self._ignoring_errors():
            self._shown.close()

    @contextmanager
    def _ignoring_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):  # a ValueError: the stream was closed
            self._shown = Progress()


class Meter:
    """How far a scan is, and how long it will still take, weighed by audio length.

    Parameters
    ----------
    tasks : sequence of FileTask
        All that are going to be done.
    now : callable
        The clock, in seconds.
    """

    def __init__(
        self, tasks: Sequence[FileTask], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._remaining = Remaining(Durations())
        for task in tasks:
            self._remaining.add(task.path, task.stamp.size)
        self.total = len(tasks)
        self.count = 0
        self.audio_s = 0.0
        self.start = now()
        self._recent: list[tuple[float, float]] = [(self.start, 0.0)]

    def done(self, task: FileTask, audio_s: float | None) -> None:
        """Count one file."""
        self._remaining.done(task.path, task.stamp.size, audio_s)
        self.count += 1
        self.audio_s += audio_s if audio_s is not None else task.expected_s
        now = self._now()
        self._recent.append((now, self.audio_s))
        while len(self._recent) > 2 and now - self._recent[1][0] > _AVERAGED_S:
            self._recent.pop(0)

    @property
    def fraction(self) -> float:
        """Share of the audio that is done, 0 to 1."""
        whole = self.audio_s + self._remaining.seconds
        return min(1.0, self.audio_s / whole) if whole > 0 else 1.0

    @property
    def speed(self) -> float:
        """Seconds of audio per second, lately."""
        then, audio_s = self._recent[0]
        passed = self._now() - then
        return (self.audio_s - audio_s) / passed if passed > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds that the rest will take; None while nobody knows."""
        return self._remaining.seconds / self.speed if self.speed > 0 else None

    def text(self, *, narrow: bool = False) -> str:
        """Return tracks, audio hours, speed and time left."""
        left = "?" if self.left_s is None else _clock(self.left_s)
        if narrow:
            return f"{self.count}/{self.total} {self.speed:.0f}x {left}"
        return (
            f"{self.count}/{self.total} tracks, {self.audio_s / 3600:.1f} h, "
            f"{self.speed:.0f}x real time, {left} left"
        )


class ProgressBar(Progress):
    """A bar on a terminal."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._meter: Meter | None = None
        # 40 ms, as long as all the rest of a scan that has nothing to do.
        from tqdm import tqdm  # noqa: PLC0415

        self._bar = tqdm(
            total=1.0,
            bar_format="{desc}",
            dynamic_ncols=True,
            leave=False,
            file=sys.stderr,
            mininterval=0.1,
        )

    def found(self, count: int) -> None:
        """See `Progress`."""
        self._bar.set_description_str(f"{count} files found")

    def begin(self, tasks: Sequence[FileTask]) -> None:
        """See `Progress`."""
        self._meter = Meter(tasks)
        self._bar.bar_format = "{percentage:3.0f}%|{bar}| {desc}"
        self.tick()

    def done(self, task: FileTask, audio_s: float | None, note: str) -> None:
        """See `Progress`."""
        if self._meter is not None:
            self._meter.done(task, audio_s)
        if self._verbose:
            self.say(note)
        self._show(refresh=False)

    def tick(self) -> None:
        """See `Progress`."""
        self._show(refresh=True)

    def say(self, text: str) -> None:
        """See `Progress`."""
        self._bar.write(text, file=sys.stderr)

    def close(self) -> None:
        """See `Progress`."""
        self._show(refresh=True)  # how it ended, however short ago the last drawing
        self._bar.close()

    def _show(self, *, refresh: bool) -> None:
        if self._meter is None:
            return
        narrow = shutil.get_terminal_size().columns < _NARROW
        self._bar.set_description_str(self._meter.text(narrow=narrow), refresh=False)
        step = self._meter.fraction - self._bar.n
        self._bar.update(max(0.0, step))
        if refresh:
            self._bar.refresh()


class ProgressLines(Progress):
    """A plain line every so often, where there is no terminal."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._meter: Meter | None = None
        self._next = time.monotonic() + _LINES_EVERY_S

    def begin(self, tasks: Sequence[FileTask]) -> None:
        """See `Progress`."""
        self._meter = Meter(tasks)

    def done(self, task: FileTask, audio_s: float | None, note: str) -> None:
        """See `Progress`."""
        if self._meter is not None:
            self._meter.done(task, audio_s)
        if self._verbose:
            self.say(note)
        self.tick()

    def tick(self) -> None:
        """See `Progress`."""
        if self._meter is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINES_EVERY_S
            self.say(self._meter.text())

    def say(self, text: str) -> None:
        """See `Progress`."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the job of this class


def choose_progress(*, quiet: bool, verbose: bool) -> Progress:
    """Return what suits stderr: a bar on a terminal, else lines, or nothing."""
    if quiet or sys.stderr is None:  # as after 2>&-
        return Progress()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return RobustProgress(ProgressBar(verbose=verbose))
    return RobustProgress(ProgressLines(verbose=verbose))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
