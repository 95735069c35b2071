"""Formats with a tag of their own, and those that only libav can read."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable, Iterator
from typing import Any

from mutagen.aiff import AIFFInfo
from mutagen.asf import ASF
from mutagen.dsf import DSF
from mutagen.flac import FLAC
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis

from catalog.mojibake import Latin1
from catalog.records import StreamFacts
from scanner.audio.files import AudioFile, BoundedReader
from scanner.audio.payload import Chunk, read_chunks
from scanner.exceptions import DecodeError, TagError
from scanner.tags.id3 import read_id3v1, read_id3v2
from scanner.tags.interpret import Metadata, TagBlock, stream_facts

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


def read_flac(file: BoundedReader) -> Metadata:
    """Read FLAC: Vorbis comments, then the ID3 tags that do not belong there."""
    fd = file.fileno()
    file.begin_at(file.source.start)
    flac: Any = FLAC(file)
    blocks = [_vorbis(flac.tags)] if flac.tags is not None else []
    blocks += [block for block in (read_id3v2(fd), read_id3v1(fd)) if block]
    encoder = flac.tags.vendor if flac.tags is not None else None
    return blocks, stream_facts(
        "flac", "flac", flac.info, lossless=True, encoder=encoder or None
    )


def read_ogg(file: BoundedReader) -> Metadata:
    """Read Ogg with Vorbis, Opus, FLAC or Speex in it."""
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


def read_mp4(file: BoundedReader) -> Metadata:
    """Read MP4, M4A and M4B."""
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


def read_asf(file: BoundedReader) -> Metadata:
    """Read ASF, that is WMA."""
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


def read_aiff(file: BoundedReader) -> Metadata:
    """Read AIFF and AIFC."""
    info = AIFFInfo(file)
    blocks = _id3_chunks(file.fileno(), read_chunks(file, "aiff"))
    return blocks, stream_facts("aiff", "pcm", info, lossless=True)


def _id3_chunks(fd: int, chunks: Iterable[Chunk]) -> list[TagBlock]:
    starts = [chunk.start for chunk in chunks if chunk.name.lower() == b"id3 "]
    return [tag for start in starts if (tag := read_id3v2(fd, start))]


def read_dsf(file: BoundedReader) -> Metadata:
    """Read DSF: one bit per sample; an ID3 tag at the end."""
    dsf = DSF(file)
    place = int.from_bytes(os.pread(file.fileno(), 8, 20), "little")
    tag = read_id3v2(file.fileno(), place) if place else None
    return [tag] if tag else [], stream_facts("dsf", "dsd", dsf.info, lossless=True)


_STREAM = re.compile(
    r"Stream #0:\d+.*?: Audio: (?P<codec>\w+)(?P<rest>.*)", re.MULTILINE
)
_RATE = re.compile(r"(\d+) Hz, ([\w.]+)")
_LAYOUTS = {"mono": 1, "stereo": 2, "quad": 4, "5.0": 5, "5.1": 6, "7.1": 8}
_COUNT = re.compile(r"(\d+) channels")
_KBITS = re.compile(r"bitrate: (\d+) kb/s")
_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d\.\d+)")
_LOSSLESS = ("flac", "alac", "pcm", "tta", "wavpack", "ape", "truehd", "mlp")


def read_probed(source: AudioFile) -> Metadata:
    """Return the tags and facts that libav finds in an open file."""
    # PyAV takes a tenth of a second, and few files need it
    from scanner.audio.libav import open_file  # noqa: PLC0415

    try:
        file = open_file(source.fd)
    except DecodeError as error:
        raise TagError(error.reason) from error
    pairs = [*file.container.metadata.items(), *file.audio.metadata.items()]
    file.container.close()
    kind = "Matroska" if source.container == "matroska" else "libav"
    return [TagBlock.of(kind, pairs)], _described_facts(
        file.description, source.container
    )


def _described_facts(description: str, container: str) -> StreamFacts:
    stream = _STREAM.search(description)
    if stream is None:
        raise TagError("there is no audio stream")
    codec, rest = stream["codec"], stream["rest"]
    rate = _RATE.search(rest)
    count = _COUNT.search(rest)
    length = _DURATION.search(description)
    kbits = _KBITS.search(description)
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


_INFO_LIMIT = 1 << 20
_CODECS = {1: "pcm", 3: "float", 6: "alaw", 7: "mulaw", 0x55: "mp3", 0x161: "wma"}
_EXTENSIBLE = 0xFFFE


def read_wav(file: BoundedReader) -> Metadata:
    """Read WAV and RF64: ID3v2, then what RIFF has of its own."""
    fd = file.fileno()
    chunks = list(read_chunks(file, "wav"))
    blocks = _id3_chunks(fd, chunks)
    for chunk in chunks:
        if chunk.name == b"LIST" and os.pread(fd, 4, chunk.start) == b"INFO":
            data = os.pread(fd, min(chunk.size, _INFO_LIMIT), chunk.start)
            blocks.append(TagBlock.of("RIFF", _info_pairs(data[4:])))
    return blocks, _wav_facts(fd, chunks)


def _info_pairs(data: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        value = data[at + 8 : at + 8 + size].split(b"\0")[0]
        yield data[at : at + 4].decode("latin-1"), Latin1(value.decode("latin-1"))
        at += 8 + size + size % 2


def _wav_facts(fd: int, chunks: list[Chunk]) -> StreamFacts:
    form = next((chunk for chunk in chunks if chunk.name == b"fmt "), None)
    audio = next((chunk for chunk in chunks if chunk.name == b"data"), None)
    head = os.pread(fd, 40, form.start) if form else b""
    if len(head) < 16 or audio is None:
        raise TagError("the WAV file has no format or no data chunk")
    code, channels, rate, per_second, _, bits = struct.unpack_from("<HHIIHH", head)
    if code == _EXTENSIBLE and len(head) >= 26:
        code = int.from_bytes(head[24:26], "little")
    held = min(audio.size, max(0, os.fstat(fd).st_size - audio.start))
    return StreamFacts(
        container="wav",
        codec=_CODECS.get(code, f"wav {code:#06x}"),
        bitrate=per_second * 8 or None,
        sample_rate=rate or None,
        channels=channels or None,
        bits_per_sample=bits or None,
        lossless=code in (1, 3),
        duration_s=held / per_second if per_second else None,
    )
