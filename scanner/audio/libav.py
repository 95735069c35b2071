"""libav, the library behind ffmpeg: open one untrusted file, and nothing else.

By way of PyAV. Importing this module takes a tenth of a second.
"""

from __future__ import annotations

import errno
import logging
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import av
import av.logging
from av.stream import Discard

from scanner.audio.files import cause
from scanner.exceptions import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio import AudioStream
    from av.container import InputContainer

# Demuxers that hold audio and can refer to nothing outside the file. Playlists, concat
# scripts, image sequences, devices and game formats are not among them.
FORMATS = (
    "aac,aiff,ape,asf,au,caf,dsf,flac,matroska,mov,mp3,mp4,m4a,3gp,3g2,mj2,mpc,mpc8,"
    "ogg,tak,tta,w64,wav,webm,wv"
)
_NO_PROTOCOL = "none"  # what is read comes from a descriptor that is open already
_GEN_PTS = 1  # AVFMT_FLAG_GENPTS
_BUFFER = 1 << 16  # bytes that are read at once
_EMPTY = "Truncating packet"  # no complaint, but what libav does about one
# A disk that fails is heard of otherwise: these are about the content.
_PLAIN = {
    "End of file": "it ends too soon",
    "Input/output error": "it ends too soon",
    "Invalid argument": "its headers make no sense",
}
_CODEC = re.compile(r"^  Stream #\S+: Audio: (\w+)", re.MULTILINE)
# PyAV (18.1) frees an order of channels twice that has no name. What the decoder does
# not bring into an order of its own stays as it is, without one.
_ODD_ORDER = re.compile(r"^  Stream #\S+: Audio: .*?, (\d+) channels \(", re.MULTILINE)
_NOT_UTF8 = {"metadata_errors": "surrogateescape"}  # which is what PyAV 19 does anyway

# Errors are remembered, and nothing is printed.
av.logging.set_level(av.logging.PANIC)
logging.getLogger("libav").setLevel(logging.CRITICAL + 1)


class Complaints:
    """What libav complains of from now on."""

    def __init__(self) -> None:
        self._before = av.logging.get_last_error()[0]

    def last(self) -> str:
        """Return the last complaint as one line, "" if there was none."""
        count, last = av.logging.get_last_error()
        if last is None or count == self._before or last[2].startswith(_EMPTY):
            return ""
        return " ".join(last[2].split()).rstrip(".")

    def reason(self, error: av.FFmpegError) -> str:
        """Return what was wrong: the last complaint, or else what `error` says."""
        said = str(error.strerror)
        return self.last() or _PLAIN.get(said, said)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise what libav raises inside as a DecodeError with its reason."""
        try:
            yield
        except av.FFmpegError as error:
            raise DecodeError(self.reason(error)) from error
        except OSError as error:  # of the file itself
            raise DecodeError(cause(error)) from error


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that libav has open.

    Attributes
    ----------
    container : InputContainer
    audio : AudioStream
        Its first one; packets of all others are thrown away.
    said : str
        What the program ffmpeg would say of the file.
    complaints : Complaints
    """

    container: InputContainer
    audio: AudioStream
    said: str
    complaints: Complaints


def open_file(fd: int) -> OpenFile:
    """Open the audio of the open file `fd`, which stays the caller's.

    Only these bytes can be read, whatever they refer to, and only decoders of audio
    are run: no picture is decoded.

    Raises
    ------
    DecodeError
        If libav does not know it, or finds no audio stream.
    """
    complaints = Complaints()
    options = {
        "protocol_whitelist": _NO_PROTOCOL,
        "format_whitelist": FORMATS,
        "codec_whitelist": _audio_decoders(),
    }
    with complaints.told(), _heard() as said:
        container = av.open(
            _Bytes(fd), "r", container_options=options, buffer_size=_BUFFER, **_text()
        )
        try:
            dump = container.dumps_format()
            audio = _first_audio(container, dump)
        except BaseException:
            container.close()
            raise
    text = "".join(message for _, _, message in said)
    return OpenFile(container, audio, text + dump, complaints)


def _first_audio(container: InputContainer, dump: str) -> AudioStream:
    if not container.streams.audio:
        raise DecodeError("there is no audio stream in it")
    audio = container.streams.audio[0]
    if getattr(audio, "codec_context", None) is None:
        codec = _CODEC.search(dump)
        name = codec[1] if codec and codec[1] != "none" else "it"
        raise DecodeError(f"nothing decodes {name}")
    if odd := _ODD_ORDER.search(dump):
        audio.codec_context.options = {"ch_layout": f"{odd[1]}C"}
    container.flags &= ~_GEN_PTS  # it would read ahead for nothing
    for stream in container.streams:
        if stream.index != audio.index:
            stream.discard = Discard.all
    return audio


@contextmanager
def _heard() -> Iterator[list[tuple[int, str, str]]]:
    """Give the messages of libav: level, who says it, and what."""
    av.logging.set_level(av.logging.INFO)
    try:
        with av.logging.Capture() as said:
            yield said
    finally:
        av.logging.set_level(av.logging.PANIC)


@cache
def _audio_decoders() -> str:
    names = []
    for name in av.codecs_available:
        try:
            codec = av.Codec(name, "r")
        except ValueError:  # it only encodes
            continue
        if codec.type == "audio":
            names.append(name)
    return ",".join(sorted(names))


def _text() -> dict[str, Any]:
    return _NOT_UTF8 if int(av.__version__.split(".")[0]) < 19 else {}


class _Bytes:
    """The bytes of a descriptor, at a position that is nobody else's."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._at = 0

    def read(self, count: int) -> bytes:
        if self._at >= self._size:  # wherever a header pointed
            return b""
        data = os.pread(self._fd, count, self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int) -> int:
        start = {os.SEEK_CUR: self._at, os.SEEK_END: self._size}.get(whence, 0)
        if start + offset < 0:  # an exception would be raised at the next call
            return -errno.EINVAL
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at
