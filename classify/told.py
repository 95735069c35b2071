"""What a training found, in words: line after line, none of them printed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classify.confounds import warning
from classify.reports.layout import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from classify.reports.table import Table
    from classify.settings import Summary

_NAMED = 10
_FLATTERING = """\
  a random split of windows would have said {:.2f}: higher, because windows of the same
  song then stand on both sides, so that the song is recognised, not the label"""
_NOT_FLATTERING = "  a random split of windows would have said {:.2f}"


def summary(found: Summary, ranking: Table | None, width: int) -> Iterator[str]:
    """Yield what a training found, and what it left out.

    Parameters
    ----------
    found : Summary
    ranking : Table or None
        Of several models, to be shown in place of a paragraph each.
    width : int
        Of the terminal.
    """
    first = found.runs[0].metrics
    yield (
        f"{first['tracks']} tracks of {first['albums']} albums, "
        f"{first['labels']} labels ({found.runs[0].label_kind}), "
        f"{first['windows']} windows"
    )
    yield from _left_out(found)
    steadied = found.runs[0].parameters["steadied"]
    if steadied:
        known = ", ".join(f"{name} ({n} tracks)" for name, n in steadied.items())
        yield f"steadied against lossy coding: {known}"
    if ranking is None:
        for run in found.runs:
            yield from _model(run.id, run.model, run.metrics)
    else:
        yield "\n" + as_text(ranking, width).rstrip("\n")
    yield f"\nAlways the most frequent label would be right for {found.baseline:.2f}."
    yield from _without_music(found)
    yield from _rest(found)
    yield "`report` shows the albums, `report --confusion` what is mixed up."


def _left_out(found: Summary) -> Iterator[str]:
    """Yield what a reader must know of what was left out, or replaced."""
    for line in found.unmatched:
        yield f"warning: no track matches {line}"
    for note in dict.fromkeys(n for r in found.runs for n in r.parameters["notes"]):
        yield f"note: {note}"
    yield from _scant(found)
    for count, why in (
        (found.unheard, "have no window that a model may hear (silent or too short)"),
        (found.elsewhere, "were analysed with other features; scan them again"),
    ):
        if count:
            yield f"left out: {count} tracks {why}"


def _scant(found: Summary) -> Iterator[str]:
    """Yield which labels have too few albums, or barely enough: some by name."""
    for name, tracks in list(found.left_out.items())[:_NAMED]:
        yield f"left out: {name} ({tracks} tracks), which has fewer than 2 albums"
    if len(found.left_out) > _NAMED:
        yield f"left out: {len(found.left_out) - _NAMED} further labels like these"
    for name in found.scarce[:_NAMED]:
        yield f"warning: {name} has 2 albums only; each fold learns it from one album"
    if len(found.scarce) > _NAMED:
        yield f"warning: so have {len(found.scarce) - _NAMED} further labels"


def _without_music(found: Summary) -> Iterator[str]:
    """Yield what the files alone give away, and where that comes near."""
    reached = found.confounds
    yield (
        "Facts about the files (codec, bandwidth, loudness and the like), without the "
        f"music: accuracy {reached['accuracy']:.2f}, "
        f"balanced {reached['balanced_accuracy']:.2f}."
    )
    best = max(found.runs, key=lambda run: float(run.metrics["balanced_accuracy"]))
    said = warning(reached, best.metrics["accuracy"], found.baseline)
    if said and best.model != "majority":
        yield f"warning: {best.model}: {said}; see `report --confounds`"
    for name, pairs in found.matched.items():
        if pairs.accuracy is None or pairs.unmatched is None:
            yield f"{name}: no two tracks of different labels are coded alike"
            continue
        yield (
            f"{name}: of two labels the right one in {pairs.accuracy:.2f} over "
            f"{pairs.pairs} pairs with the same codec and bandwidth, in "
            f"{pairs.unmatched:.2f} over any pairs (chance 0.50)"
        )


def _rest(found: Summary) -> Iterator[str]:
    if not found.rest:
        return
    judged = f"{found.rest} further tracks were judged by the final model"
    if any(run.parameters["unknown_below"] for run in found.runs):
        yield f"{judged}, which says unknown below the threshold of each run."
    else:
        yield f"{judged}, which never says unknown: no threshold was set."


def _model(run: int, name: str, m: Any) -> Iterator[str]:
    interval = m["interval"]
    spread = f" (95 % {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
    yield (
        f"\n{name} (run {run}): accuracy {m['accuracy']:.2f}{spread}, "
        f"balanced {m['balanced_accuracy']:.2f}, macro F1 {m['macro_f1']:.2f}"
    )
    if m["flattering"] is not None:
        higher = m["flattering"] > m["accuracy"]
        words = _FLATTERING if higher else _NOT_FLATTERING
        yield words.format(m["flattering"])
    if m["unknown"] is not None:
        said = m["unknown"]
        yield (
            f"  unknown below {said['threshold']:.2f}: rejects "
            f"{1 - said['false_accept_rate']:.0%} of tracks of labels that were not "
            f"learned,\n  and keeps {said['known_kept']:.0%} of those that were"
        )
