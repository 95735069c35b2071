"""The ffmpeg program: where it is, and how to let it loose on an untrusted file."""

from __future__ import annotations

import fcntl
import io
import re
import shutil
import subprocess
import threading
from contextlib import suppress
from functools import cache
from typing import IO

from scanner.errors import DecodeError

# Demuxers that hold audio and can refer to nothing outside the file. Playlists, concat
# scripts, image sequences, devices and game formats are not among them.
FORMATS = (
    "aac,aiff,ape,asf,au,caf,dsf,flac,matroska,mov,mp3,mp4,m4a,3gp,3g2,mj2,mpc,mpc8,"
    "ogg,tak,tta,w64,wav,webm,wv"
)
_CPU_SECONDS = "7200"  # where nobody is left to kill it: ten hours of APE take less
_PIPE_BYTES = 1 << 20
_NOISE = ("Stream mapping", "Press", "Output #", "Input #", "Guessed", "Last message")
_BRACKET = re.compile(r"^(?:\[[^]]* @ [^]]*\]\s*)+")
_GENERAL = re.compile(
    r"^Error (?:opening|marking filters)|^Conversion failed|Terminating|Task finished"
    r"|^file:|^Truncating packet|^(?:video|size|audio)[:=]"
)
# What only those understand who gave ffmpeg its options.
_PLAIN = {
    "matches no streams": "there is no audio stream in it",
    "add a trailing '?' to the map": "there is no audio stream in it",
    "nothing was encoded": "nothing in it can be decoded",
}
_KEPT = 1 << 16  # of what ffmpeg says: its first and its last so many bytes


@cache
def ffmpeg_path() -> str:
    """Return the path of the system's ffmpeg, else of the one imageio-ffmpeg brings.

    Raises
    ------
    DecodeError
        If there is neither.
    """
    if found := shutil.which("ffmpeg"):
        return found
    import imageio_ffmpeg  # noqa: PLC0415  (only where the system has none)

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise DecodeError(
            "no ffmpeg found: install it, or the package imageio-ffmpeg"
        ) from error


class Ffmpeg:
    """A running ffmpeg that reads one open file and writes to a pipe.

    The file reaches ffmpeg as ``/dev/fd/N``: it is seekable, no name has to be quoted,
    and the bytes are those of the descriptor that was identified.

    Parameters
    ----------
    fd : int
        Of the file, open for reading; stays the caller's.
    *output : str
        Options of the output, which is pipe 1.
    """

    def __init__(self, fd: int, *output: str) -> None:
        command = [
            ffmpeg_path(),
            *("-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"),
            *("-max_alloc", str(1 << 28), "-timelimit", _CPU_SECONDS, "-threads", "1"),
            *("-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS),
            *("-vn", "-sn", "-dn", "-i", f"file:/dev/fd/{fd}"),
            *output,
            "pipe:1",
        ]
        self._process = subprocess.Popen(  # noqa: S603  (a fixed list, no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(fd,),
        )
        _widen(self.stdout)
        self._said = _Tail(_stream(self._process.stderr))

    @property
    def stdout(self) -> io.BufferedReader:
        """The pipe that ffmpeg writes to."""
        return _stream(self._process.stdout)

    def said(self) -> str:
        """Return what ffmpeg has said so far."""
        return self._said.text()

    def wait(self) -> int:
        """Wait for the end and return the exit status."""
        status = self._process.wait()
        self._said.join()
        return status

    def close(self) -> None:
        """End the process, finished or not."""
        self._process.kill()
        self._process.wait()
        self._said.join()
        self.stdout.close()


def complaint(said: str) -> str:
    """Return the line of an ffmpeg log that says best what is wrong."""
    lines = [_BRACKET.sub("", line) for line in said.splitlines() if line[:1] != " "]
    lines = [line for line in lines if line and not line.startswith(_NOISE)]
    telling = [line for line in lines if not _GENERAL.search(line)]
    for line in (*telling[-1:], *lines[-1:]):
        for words, plain in _PLAIN.items():
            if words in line:
                return plain
        return line.strip().removeprefix("file:/dev/fd/").lstrip("0123456789: ")
    return "ffmpeg gave no reason"


def _widen(pipe: IO[bytes]) -> None:
    """Let ffmpeg work ahead: at 64 kB it would wait for every block to be measured."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # a user's pipes may hold only so much in all
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _stream(pipe: IO[bytes] | None) -> io.BufferedReader:
    if not isinstance(pipe, io.BufferedReader):
        raise DecodeError("ffmpeg has no pipe")
    return pipe


class _Tail:
    """Drain a pipe in a thread, so that the writer never blocks; keep both ends."""

    def __init__(self, pipe: io.BufferedReader) -> None:
        self._pipe = pipe
        self._first = b""
        self._last = b""
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while data := self._pipe.read1(_KEPT):
            room = _KEPT - len(self._first)
            self._first += data[:room]
            self._last = (self._last + data[room:])[-_KEPT:]
        self._pipe.close()

    def join(self) -> None:
        self._thread.join()

    def text(self) -> str:
        return (self._first + self._last).decode("utf-8", "replace")
