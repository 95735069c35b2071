"""What mutagen does not read: Matroska, CAF, AU, Wave64, and damaged tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from catalog.records import StreamFacts
from scanner.errors import DecodeError, TagError
from scanner.ffmpeg import Ffmpeg, complaint
from scanner.tags.blocks import TagBlock

if TYPE_CHECKING:
    from collections.abc import Iterator

_METADATA = ("-map", "0:a:0", "-map_chapters", "-1", "-c", "copy", "-t", "0")
_LIMIT = 1 << 20  # bytes of metadata
_STREAM = re.compile(
    r"Stream #0:\d+.*?: Audio: (?P<codec>\w+)(?P<rest>.*)", re.MULTILINE
)
_RATE = re.compile(r"(\d+) Hz, ([\w.]+)")
_LAYOUTS = {"mono": 1, "stereo": 2, "quad": 4, "5.0": 5, "5.1": 6, "7.1": 8}
_COUNT = re.compile(r"(\d+) channels")
_KBITS = re.compile(r"bitrate: (\d+) kb/s")
_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d\.\d+)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LOSSLESS = ("flac", "alac", "pcm", "tta", "wavpack", "ape", "truehd", "mlp")


def read_probed(fd: int, container: str) -> tuple[list[TagBlock], StreamFacts]:
    """Return the tags and facts that ffmpeg shows of the open file `fd`."""
    try:
        ffmpeg = Ffmpeg(fd, *_METADATA, "-f", "ffmetadata")
        try:
            text = ffmpeg.stdout.read(_LIMIT).decode("utf-8", "replace")
            status = ffmpeg.wait()
        finally:
            ffmpeg.close()
    except DecodeError as error:
        raise TagError(error.reason) from error
    said = ffmpeg.said()
    if status:
        raise TagError(complaint(said))
    kind = "Matroska" if container == "matroska" else "ffmpeg"
    return [TagBlock.of(kind, _pairs(text))], _facts(said, container)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Read ffmpeg's metadata format: key=value lines, special characters escaped."""
    joined = text.replace("\\\n", "\\\r")  # an escaped line end continues the value
    for line in joined.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith((";", "#", "[")):
            yield key, _ESCAPED.sub(r"\1", value)


def _facts(said: str, container: str) -> StreamFacts:
    stream = _STREAM.search(said)
    if stream is None:
        raise TagError("there is no audio stream")
    codec, rest = stream["codec"], stream["rest"]
    rate = _RATE.search(rest)
    count = _COUNT.search(rest)
    length = _DURATION.search(said)
    kbits = _KBITS.search(said)
    channels = int(count[1]) if count else None
    if rate and not channels:
        channels = _LAYOUTS.get(rate[2].partition("(")[0])
    return StreamFacts(
        container=container,
        codec=codec,
        bitrate=int(kbits[1]) * 1000 if kbits else None,
        sample_rate=int(rate[1]) if rate else None,
        channels=channels,
        lossless=codec.startswith(_LOSSLESS),
        duration_s=_seconds(length) if length else None,
    )


def _seconds(found: re.Match[str]) -> float:
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
