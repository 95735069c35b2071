"""What mutagen does not read: Matroska, CAF, AU, Wave64, and damaged tags."""

from __future__ import annotations

import re

from catalog.records import StreamFacts
from scanner.exceptions import DecodeError, TagError
from scanner.tags.base import TagBlock

_STREAM = re.compile(
    r"Stream #0:\d+.*?: Audio: (?P<codec>\w+)(?P<rest>.*)", re.MULTILINE
)
_RATE = re.compile(r"(\d+) Hz, ([\w.]+)")
_LAYOUTS = {"mono": 1, "stereo": 2, "quad": 4, "5.0": 5, "5.1": 6, "7.1": 8}
_COUNT = re.compile(r"(\d+) channels")
_KBITS = re.compile(r"bitrate: (\d+) kb/s")
_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d\.\d+)")
_LOSSLESS = ("flac", "alac", "pcm", "tta", "wavpack", "ape", "truehd", "mlp")


def read_probed(fd: int, container: str) -> tuple[list[TagBlock], StreamFacts]:
    """Return the tags and facts that libav finds in the open file `fd`."""
    from scanner.audio.libav import open_file  # noqa: PLC0415  (a tenth of a second)

    try:
        file = open_file(fd)
    except DecodeError as error:
        raise TagError(error.reason) from error
    pairs = [*file.container.metadata.items(), *file.audio.metadata.items()]
    file.container.close()
    kind = "Matroska" if container == "matroska" else "libav"
    return [TagBlock.of(kind, pairs)], _facts(file.said, container)


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
