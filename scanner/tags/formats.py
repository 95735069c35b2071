"""Containers with a tag of their own: FLAC, Ogg, MP4, ASF, AIFF, DSF."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from mutagen.aiff import AIFFInfo
from mutagen.asf import ASF
from mutagen.dsf import DSF
from mutagen.flac import FLAC
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis

from scanner.exceptions import TagError
from scanner.identify import audio_start
from scanner.tags.base import TagBlock
from scanner.tags.facts import stream_facts
from scanner.tags.id3 import read_id3v1, read_id3v2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.records import StreamFacts
    from scanner.tags.bounded import BoundedReader

    Read = tuple[list[TagBlock], StreamFacts]

_PICTURES = frozenset(("metadata_block_picture", "coverart", "wm/picture", "covr"))
_OGG = (  # magic of the first packet, its codec, mutagen's class, lossless
    (b"\x01vorbis", "vorbis", OggVorbis, False),
    (b"OpusHead", "opus", OggOpus, False),
    (b"\x7fFLAC", "flac", OggFLAC, True),
    (b"Speex   ", "speex", OggSpeex, False),
)
_MP4_CODECS = {"mp4a": "aac", "alac": "alac", "fLaC": "flac", "Opus": "opus"}
_SMPB = re.compile(r"\s*[0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{8})", re.IGNORECASE)
_SMPB_KEY = "----:com.apple.iTunes:iTunSMPB"
_LOSSLESS_ASF = "lossless"


def read_flac(file: BoundedReader) -> Read:
    """FLAC: Vorbis comments, then the ID3 tags that do not belong there."""
    fd = file.fileno()
    file.begin_at(audio_start(fd))
    flac: Any = FLAC(file)
    blocks = [_vorbis(flac.tags)] if flac.tags is not None else []
    blocks += [block for block in (read_id3v2(fd), read_id3v1(fd)) if block]
    encoder = flac.tags.vendor if flac.tags is not None else None
    return blocks, stream_facts(
        "flac", "flac", flac.info, lossless=True, encoder=encoder or None
    )


def read_ogg(file: BoundedReader) -> Read:
    """Ogg with Vorbis, Opus, FLAC or Speex in it."""
    head = os.pread(file.fileno(), 512, 0)
    for magic, codec, kind, lossless in _OGG:
        place = head.find(magic)
        if place < 0:
            continue
        ogg = kind(file)
        more: dict[str, Any] = {"lossless": lossless}
        more["encoder"] = getattr(ogg.tags, "vendor", None) or None
        if codec == "opus":
            more["sample_rate"] = 48000
            skip = head[place + 10 : place + 12]
            more["encoder_delay"] = int.from_bytes(skip, "little")
        return [_vorbis(ogg.tags)], stream_facts("ogg", codec, ogg.info, **more)
    raise TagError("an Ogg file with no audio known here")


def _vorbis(tags: Any) -> TagBlock:
    return TagBlock.of(
        "Vorbis", (pair for pair in tags if pair[0].lower() not in _PICTURES)
    )


def read_mp4(file: BoundedReader) -> Read:
    """MP4, M4A and M4B."""
    mp4: Any = MP4(file)
    name = mp4.info.codec.partition(".")[0]
    codec = _MP4_CODECS.get(name, name.lower() or None)
    pairs = list(_mp4_pairs(mp4.tags or {}))
    found = dict(pairs)
    more: dict[str, Any] = {
        "lossless": codec in ("alac", "flac"),
        "encoder": found.get("©too"),
    }
    if smpb := _SMPB.match(found.get(_SMPB_KEY, "")):
        more["encoder_delay"] = int(smpb[1], 16)
        more["encoder_padding"] = int(smpb[2], 16)
    block = TagBlock.of("MP4", pairs)
    return [block], stream_facts("mp4", codec, mp4.info, **more)


def _mp4_pairs(tags: Any) -> Iterator[tuple[str, str]]:
    for key, values in tags.items():
        if key.lower() in _PICTURES:
            continue
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, MP4FreeForm):
                yield key, bytes(value).decode("utf-8", "replace")
            elif isinstance(value, tuple):
                yield key, "/".join(map(str, value))
            elif isinstance(value, bool):
                yield key, str(int(value))
            elif isinstance(value, (str, int)):
                yield key, str(value)


def read_asf(file: BoundedReader) -> Read:
    """ASF, that is WMA."""
    asf: Any = ASF(file)
    pairs = (
        (key, str(value))
        for key, value in (asf.tags or ())
        if key.lower() not in _PICTURES
    )
    kind = str(asf.info.codec_type or asf.info.codec_name or "")
    codec = "wmalossless" if _LOSSLESS_ASF in kind.lower() else "wma"
    facts = stream_facts("asf", codec, asf.info, lossless=codec == "wmalossless")
    return [TagBlock.of("ASF", pairs)], facts


def read_aiff(file: BoundedReader) -> Read:
    """AIFF and AIFC."""
    info = AIFFInfo(file)
    fd = file.fileno()
    end = os.fstat(fd).st_size
    blocks = []
    start = 12
    while start + 8 <= end:
        head = os.pread(fd, 8, start)
        if head[:4] in (b"ID3 ", b"id3 ") and (tag := read_id3v2(fd, start + 8)):
            blocks.append(tag)
        size = int.from_bytes(head[4:], "big")
        start += 8 + size + size % 2
    return blocks, stream_facts("aiff", "pcm", info, lossless=True)


def read_dsf(file: BoundedReader) -> Read:
    """DSF: one bit per sample; an ID3 tag at the end."""
    dsf = DSF(file)
    place = int.from_bytes(os.pread(file.fileno(), 8, 20), "little")
    tag = read_id3v2(file.fileno(), place) if place else None
    return [tag] if tag else [], stream_facts("dsf", "dsd", dsf.info, lossless=True)
