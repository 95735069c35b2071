"""Tell what a file is by its content: the name may say anything."""

from __future__ import annotations

import os

from scanner.exceptions import IdentifyError
from scanner.mpeg import parse_frame

HEAD = 4096  # bytes that settle nearly every file
_SEARCH = 1 << 16  # how far to look for the first frame of a stream without a header

CONTAINERS = (
    "mp3",
    "aac",
    "flac",
    "ogg",
    "mp4",
    "wav",
    "aiff",
    "asf",
    "ape",
    "wavpack",
    "matroska",
    "musepack",
    "tta",
    "dsf",
    "caf",
    "au",
    "w64",
)

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


def identify(fd: int) -> str:
    """Return the container of the open file `fd`: one of `CONTAINERS`.

    Raises
    ------
    IdentifyError
        If the content is no audio known here; the reason says what it looks like.
    """
    start = audio_start(fd)
    head = os.pread(fd, HEAD, start)
    found = by_magic(head)
    if found is None:
        if known := _other(head):
            raise IdentifyError(f"not audio: {known}")
        run = _by_frames(os.pread(fd, _SEARCH, start))
        found = run[0] if run else None
    if found is None:
        raise IdentifyError(_unknown(fd, head))
    return found


def sniff(head: bytes) -> bool:
    """Say whether a file that starts with `head` is worth trying as audio."""
    if head.startswith(b"ID3") or by_magic(head) is not None:
        return True
    return _other(head) is None and _frames_at(head, 0) is not None


def audio_start(fd: int) -> int:
    """Return the offset behind the ID3v2 tags at the front of the file, 0 if none."""
    start = 0
    while size := id3v2_size(os.pread(fd, 10, start)):
        start += size
    return start


def id3v2_size(head: bytes) -> int:
    """Return the length of the ID3v2 tag that starts with `head`, 0 if none does."""
    if len(head) < 10 or head[:3] != b"ID3" or head[3] == 0xFF or head[4] == 0xFF:
        return 0
    if any(byte & 0x80 for byte in head[6:10]):
        return 0
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    footer = 10 if head[5] & 0x10 else 0
    return 10 + size + footer


def by_magic(head: bytes) -> str | None:
    """Return the container that the first bytes of a file name, if they do."""
    for offset, magic, container in _MAGIC:
        if head.startswith(magic, offset):
            return container
    if head[4:8] in _OLD_MP4 and int.from_bytes(head[:4], "big") in range(8, 1 << 24):
        return "mp4"
    return _FORMS.get((head[:4], head[8:12]))


def _other(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, name in _NOT_AUDIO:
        if text.startswith(magic) or head.startswith(magic):
            return name
    return None


def _unknown(fd: int, head: bytes) -> str:
    if os.fstat(fd).st_size == 0:
        return "the file is empty"
    if not head:
        return "nothing follows the tag at its front"
    if not any(head):
        return "not audio: zero bytes"
    if b"\0" not in head and sum(byte < 9 or 13 < byte < 32 for byte in head) == 0:
        return "not audio: text"
    return "no audio format known here"


def first_frame(fd: int) -> int | None:
    """Return the offset of the first MPEG frame of an MP3 file, None if not near."""
    start = audio_start(fd)
    found = _by_frames(os.pread(fd, _SEARCH, start))
    return start + found[1] if found else None


def _by_frames(data: bytes) -> tuple[str, int] | None:
    """Find a run of MPEG or ADTS frames anywhere in `data`, and where it starts."""
    at = data.find(b"\xff")
    while at != -1:
        if found := _frames_at(data, at):
            return found, at
        at = data.find(b"\xff", at + 1)
    return None


def _frames_at(data: bytes, at: int) -> str | None:
    """Return "mp3" or "aac" where frames follow one another from `at` on."""
    for container, length_of in (("mp3", _mpeg_length), ("aac", _adts_length)):
        place, count = at, 0
        while count < 4 and (length := length_of(data[place : place + 8])):
            place += length
            count += 1
        # A file of a moment may end with its second frame.
        if count >= 3 or (count == 2 and place >= len(data)):
            return container
    return None


def _mpeg_length(head: bytes) -> int:
    frame = parse_frame(head)
    return frame.length if frame else 0


def _adts_length(head: bytes) -> int:
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    if head[2] >> 2 & 15 > 12:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > 7 else 0
