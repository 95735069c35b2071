"""Files by their raw bytes path, identified by content, read within bounds."""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from scanner.audio.mpeg import find_frames, frames_at, id3v2_size
from scanner.exceptions import IdentifyError

# Everything that reads a file of the library opens it here: a path past the kernel's
# limit is reached folder by folder, and a pipe or device is refused, not waited for.

PATH_LIMIT = 1024 if os.uname().sysname == "Darwin" else 4096
_NAME_LIMIT = 256
_LEASE_CHECK_S = 0.05


def is_long(path: bytes) -> bool:
    """Say whether `path`, or a name inside it, may exceed the kernel's limit."""
    return len(path) + _NAME_LIMIT >= PATH_LIMIT


def open_path(path: bytes, flags: int = os.O_RDONLY) -> int:
    """Open `path` and return the descriptor.

    Raises
    ------
    OSError
        As `os.open` does, save that no path is too long.
    """
    flags |= os.O_CLOEXEC
    if not is_long(path):
        return os.open(path, flags)
    parts = [part for part in path.split(b"/") if part]
    start = b"/" if path.startswith(b"/") else b"."
    folder = os.open(start, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], flags, dir_fd=folder)
    finally:
        os.close(folder)


def open_regular(path: bytes) -> int:
    """Open the regular file at `path` for reading and return the descriptor.

    Raises
    ------
    OSError
        If it cannot be opened, or is a pipe, a socket, a device or a folder.
    """
    # Opening a pipe without O_NONBLOCK would wait for someone to write into it.
    flags = os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOCTTY", 0)
    while (fd := _open_unless_leased(path, flags)) is None:
        time.sleep(_LEASE_CHECK_S)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError("not a regular file")
    os.set_blocking(fd, True)
    return fd


def _open_unless_leased(path: bytes, flags: int) -> int | None:
    """Open a file; None while a file server has yet to give back its lease on it."""
    try:
        return open_path(path, flags)
    except BlockingIOError:
        return None


@contextmanager
def regular_file(path: bytes) -> Iterator[int]:
    """Open the regular file at `path`, and close it at the end."""
    fd = open_regular(path)
    try:
        yield fd
    finally:
        os.close(fd)


def cause(error: OSError) -> str:
    """Return what an operating-system error says, without the path."""
    return error.strerror or str(error)


HEAD = 4096  # bytes by which nearly every file is known
_SEARCH = 1 << 16  # how far to look for the first frame of a stream without a header

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"MAC ", "ape"),
    (0, b"wvpk", "wavpack"),
    (0, b"MPCK", "musepack"),
    (0, b"MP+", "musepack"),
    (0, b"TTA1", "tta"),
    (0, b"TTA2", "tta"),
    (0, b"DSD ", "dsf"),
    (0, b"caff", "caf"),
    (0, b".snd", "au"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "asf"),
    (0, bytes.fromhex("726966662e91cf11a5d628db04c10000"), "w64"),
    (4, b"ftyp", "mp4"),
)
_FORMS = {  # (first four bytes, bytes 8 to 12)
    (b"RIFF", b"WAVE"): "wav",
    (b"RF64", b"WAVE"): "wav",
    (b"BW64", b"WAVE"): "wav",
    (b"FORM", b"AIFF"): "aiff",
    (b"FORM", b"AIFC"): "aiff",
}
_OLD_MP4 = (b"moov", b"mdat", b"free", b"skip", b"wide")
_NOT_AUDIO: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"#EXTM3U", "a playlist"),
    (b"[playlist]", "a playlist"),
    (b"ffconcat", "a concat script"),
    (b"<", "a web page or XML document"),
    (b"SQLite format 3", "a database"),
)


@dataclass(frozen=True, slots=True)
class AudioFile:
    """An open file of audio, and what its content tells of its format.

    Attributes
    ----------
    fd : int
        Descriptor, open for reading.
    container : str
        "mp3", "aac", "flac", "ogg", "mp4", "matroska" ...: a name of `identify`.
    start : int
        Offset in bytes behind the ID3v2 tags at the front, 0 without any.
    first_frame : int or None
        Offset of the first frame of MP3, or of AAC in ADTS; None elsewhere.
    """

    fd: int
    container: str
    start: int = 0
    first_frame: int | None = None

    def size(self) -> int:
        """Return how many bytes the file has now."""
        return os.fstat(self.fd).st_size


def identify(fd: int) -> AudioFile:
    """Tell the format of the open file `fd` by its content.

    Raises
    ------
    IdentifyError
        If the content is no audio known here; the reason says what it looks like.
    """
    start = audio_start(fd)
    head = os.pread(fd, HEAD, start)
    if container := _by_magic(head):
        return AudioFile(fd, container, start)
    if known := _foreign_format(head):
        raise IdentifyError(f"not audio: {known}")
    if run := find_frames(os.pread(fd, _SEARCH, start)):
        container, offset = run
        return AudioFile(fd, container, start, start + offset)
    raise IdentifyError(_describe_unknown(fd, head))


@contextmanager
def audio_file(path: bytes) -> Iterator[AudioFile]:
    """Open the file of audio at `path`, and close it at the end.

    Raises
    ------
    IdentifyError
        If the content is no audio known here.
    OSError
        If it cannot be opened or read, or is no regular file.
    """
    with regular_file(path) as fd:
        yield identify(fd)


def is_audio_like(head: bytes) -> bool:
    """Say whether a file that starts with `head` is worth trying as audio."""
    if head.startswith(b"ID3") or _by_magic(head) is not None:
        return True
    return _foreign_format(head) is None and frames_at(head, 0) is not None


def audio_start(fd: int) -> int:
    """Return the offset behind the ID3v2 tags at the front of the file, 0 if none."""
    start = 0
    while size := id3v2_size(os.pread(fd, 10, start)):
        start += size
    return start


def _by_magic(head: bytes) -> str | None:
    """Return the container that the first bytes of a file name, if they do."""
    for offset, magic, container in _MAGIC:
        if head.startswith(magic, offset):
            return container
    if head[4:8] in _OLD_MP4 and int.from_bytes(head[:4], "big") in range(8, 1 << 24):
        return "mp4"
    return _FORMS.get((head[:4], head[8:12]))


def _foreign_format(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, name in _NOT_AUDIO:
        if text.startswith(magic) or head.startswith(magic):
            return name
    return None


def _describe_unknown(fd: int, head: bytes) -> str:
    if os.fstat(fd).st_size == 0:
        return "the file is empty"
    if not head:
        return "nothing follows the tag at its front"
    if not any(head):
        return "not audio: zero bytes"
    if b"\0" not in head and sum(byte < 9 or 13 < byte < 32 for byte in head) == 0:
        return "not audio: text"
    return "no audio format known here"


class BoundedReader(io.BufferedReader):
    """A file of which no more is asked for than it holds, from `start` on.

    mutagen reads as many bytes as a header claims, and Python sets the memory aside
    before it looks. And it expects at most one ID3 tag in front of what it reads.

    Parameters
    ----------
    file : AudioFile
        Its descriptor stays open, its position is moved.
    """

    def __init__(self, file: AudioFile) -> None:
        super().__init__(io.FileIO(file.fd, closefd=False))
        self.source = file
        self.start = 0
        self._size = file.size()

    def begin_at(self, start: int) -> None:
        """Let the file begin at the offset `start` of the real one."""
        self.start = start
        super().seek(start)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes, all that is left if negative or None."""
        if size is None or size < 0:
            return super().read()
        left = self._size - super().tell()
        return super().read(min(size, max(0, left)))

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to an offset, counted from where the file was let begin."""
        if whence == os.SEEK_SET:
            offset += self.start
        place = super().seek(offset, whence)
        if place < self.start:
            raise OSError(22, "a place in front of the file")
        return place - self.start

    def tell(self) -> int:
        """Return the offset, counted from where the file was let begin."""
        return super().tell() - self.start
