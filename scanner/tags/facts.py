"""Stream facts out of what mutagen's stream infos have in common."""

from __future__ import annotations

from typing import Any

from catalog.records import StreamFacts


def stream_facts(
    container: str, codec: str | None, info: object, **more: Any
) -> StreamFacts:
    """Return the facts of a mutagen stream info, 0 and absent read as not known.

    Parameters
    ----------
    container, codec : str
        As `StreamFacts` names them.
    info : mutagen.StreamInfo
    **more
        Further facts, which replace those of `info`.
    """
    values: dict[str, Any] = {
        "bitrate": _positive(info, "bitrate"),
        "sample_rate": _positive(info, "sample_rate"),
        "channels": _positive(info, "channels"),
        "bits_per_sample": _positive(info, "bits_per_sample"),
    }
    length = getattr(info, "length", None)
    values["duration_s"] = float(length) if length and length > 0 else None
    return StreamFacts(container=container, codec=codec, **(values | more))


def _positive(info: object, name: str) -> int | None:
    value = getattr(info, name, None)
    return int(value) if value and value > 0 else None
