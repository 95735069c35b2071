"""Where the audio lies in a file: what tag editors leave alone.

`audio_spans` reads headers only. A span may reach past the end of the file, which then
is not whole.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from scanner.spans.boxes import aiff_spans, asf_spans, dsf_spans, mp4_spans, wav_spans
from scanner.spans.chunks import au_spans, caf_spans, w64_spans
from scanner.spans.matroska import matroska_spans
from scanner.spans.ogg import ogg_spans
from scanner.spans.tagged import flac_spans, tagged_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["audio_spans"]

_SPANS: dict[str, Callable[[IO[bytes]], Iterator[tuple[int, int]]]] = {
    "mp3": tagged_spans,
    "aac": tagged_spans,
    "ape": tagged_spans,
    "wavpack": tagged_spans,
    "musepack": tagged_spans,
    "tta": tagged_spans,
    "flac": flac_spans,
    "ogg": ogg_spans,
    "mp4": mp4_spans,
    "wav": wav_spans,
    "aiff": aiff_spans,
    "asf": asf_spans,
    "dsf": dsf_spans,
    "caf": caf_spans,
    "au": au_spans,
    "w64": w64_spans,
    "matroska": matroska_spans,
}


def audio_spans(file: IO[bytes], container: str) -> Iterator[tuple[int, int]]:
    """Yield (offset, length) of all that is audio in `file`, in file order.

    Of MP3 what lies between the tags, of FLAC the frames, of Ogg the bodies of the
    packets behind the headers, of MP4 the media data, of WAV and AIFF the format and
    the samples, of ASF the data object, of Matroska the clusters. Nothing of a
    container without tags, or if no audio is found.

    Parameters
    ----------
    file : binary file, seekable
        Read anywhere; better buffered.
    container : str
        As `scanner.identify.identify` told it.
    """
    spans = _SPANS.get(container)
    return spans(file) if spans else iter(())
