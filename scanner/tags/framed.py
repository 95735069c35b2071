"""Streams with ID3 and APEv2 tags at their ends: MP3, AAC, APE, WavPack and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutagen.aac import AACInfo
from mutagen.apev2 import APENoHeaderError, APETextValue, APEv2
from mutagen.monkeysaudio import MonkeysAudioInfo
from mutagen.mp3 import MPEGInfo
from mutagen.musepack import MusepackInfo
from mutagen.trueaudio import TrueAudioInfo
from mutagen.wavpack import WavPackInfo

from scanner.identify import audio_start, first_frame
from scanner.mpeg import read_declared
from scanner.tags.base import TagBlock
from scanner.tags.facts import stream_facts
from scanner.tags.id3 import read_id3v1, read_id3v2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.records import StreamFacts
    from scanner.tags.bounded import BoundedReader

    Read = tuple[list[TagBlock], StreamFacts]


def read_mp3(file: BoundedReader) -> Read:
    """MPEG audio: its length and padding are those of the LAME header, if any."""
    info = MPEGInfo(file)
    more: dict[str, Any] = {"lossless": False}
    start = first_frame(file.fileno())
    if start is not None and (found := read_declared(file.fileno(), start)):
        frame, declared = found
        more["encoder"] = declared.encoder
        more["encoder_delay"] = declared.delay
        more["encoder_padding"] = declared.padding
        if declared.frames:
            samples = declared.frames * frame.samples
            samples -= (declared.delay or 0) + (declared.padding or 0)
            more["duration_s"] = max(0, samples) / frame.sample_rate
    facts = stream_facts("mp3", f"mp{info.layer}", info, **more)
    return _tags(file, id3_first=True), facts


def read_aac(file: BoundedReader) -> Read:
    """AAC in ADTS frames."""
    file.begin_at(audio_start(file.fileno()))
    facts = stream_facts("aac", "aac", AACInfo(file), lossless=False)
    return _tags(file, id3_first=True), facts


def read_ape(file: BoundedReader) -> Read:
    """Monkey's Audio."""
    return _read(file, "ape", "ape", MonkeysAudioInfo, lossless=True)


def read_wavpack(file: BoundedReader) -> Read:
    """WavPack."""
    return _read(file, "wavpack", "wavpack", WavPackInfo, lossless=True)


def read_musepack(file: BoundedReader) -> Read:
    """Musepack."""
    return _read(file, "musepack", "musepack", MusepackInfo, lossless=False)


def read_tta(file: BoundedReader) -> Read:
    """TTA, the True Audio codec."""
    file.begin_at(audio_start(file.fileno()))
    facts = stream_facts("tta", "tta", TrueAudioInfo(file, 0), lossless=True)
    return _tags(file, id3_first=False), facts


def _read(
    file: BoundedReader,
    container: str,
    codec: str,
    info: Callable[[BoundedReader], object],
    **more: Any,
) -> Read:
    file.begin_at(audio_start(file.fileno()))
    facts = stream_facts(container, codec, info(file), **more)
    return _tags(file, id3_first=False), facts


def _tags(file: BoundedReader, *, id3_first: bool) -> list[TagBlock]:
    """Return the tags, best first: ID3v2, APEv2, ID3v1, or APEv2 before ID3v2."""
    fd = file.fileno()
    file.begin_at(0)
    front = [read_id3v2(fd), _apev2(file)]
    if not id3_first:
        front.reverse()
    return [block for block in (*front, read_id3v1(fd)) if block]


def _apev2(file: BoundedReader) -> TagBlock | None:
    try:
        tag = APEv2(file)
    except APENoHeaderError:
        return None
    return TagBlock.of("APEv2", _ape_pairs(tag))


def _ape_pairs(tag: APEv2) -> Iterator[tuple[str, str]]:
    for key, value in tag.items():
        if isinstance(value, APETextValue):
            for text in value:
                yield key, text
