"""The text that the command `classify` prints of what a training found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from classify.models.registry import ALBUM_MODELS
from classify.reports.table import Table, as_text

if TYPE_CHECKING:  # loads scikit-learn: not for --help
    from catalog.runs import RunFacts
    from classify.training import TrainingResult

_NAMED = 10
_FEW = 3
_FLATTERING = """\
  a random split of windows would have said {:.2f}: higher, because windows of the same
  song then stand on both sides, so that the song is recognised, not the label"""
_NOT_FLATTERING = "  a random split of windows would have said {:.2f}"
_PROCEDURES = {
    "exact": "each album was taken out of everything before it was judged",
    "blocked": "each album was taken out of its label before it was judged, and a "
    "twentieth\n  of all albums, it among them, out of what labels share",
    "balanced": "one album of every label at once was taken out of everything",
}


def summary_lines(
    result: TrainingResult, ranking: Table | None, width: int
) -> Iterator[str]:
    """Yield the lines that say what a training found, and what it left out.

    Parameters
    ----------
    result : TrainingResult
    ranking : Table or None
        Of several models, to be shown in place of a paragraph each.
    width : int
        Of the terminal.
    """
    first = result.runs[0].metrics
    yield (
        f"{first['tracks']} tracks of {first['albums']} albums, "
        f"{first['labels']} labels ({result.runs[0].label_kind}), "
        f"{first['windows']} windows"
    )
    yield from _left_out(result)
    steadied = [run.parameters["steadied"] for run in result.runs]
    if any(steadied):
        known = ", ".join(
            f"{name} ({n} tracks)" for name, n in max(steadied, key=len).items()
        )
        yield f"steadied against lossy coding: {known}"
    if ranking is None:
        for run in result.runs:
            yield from _model(run)
    else:
        yield "\n" + as_text(ranking, width).rstrip("\n")
    yield f"\nAlways the most frequent label would be right for {result.baseline:.2f}."
    yield from _without_music(result)
    yield from _rest(result)
    yield "`report` shows the albums, `report --confusion` what is mixed up."


def _left_out(result: TrainingResult) -> Iterator[str]:
    """Yield what a reader must know of what was left out, or replaced."""
    for line in result.unmatched:
        yield f"warning: no track matches {line}"
    for note in dict.fromkeys(n for r in result.runs for n in r.parameters["notes"]):
        yield f"note: {note}"
    yield from _scarce(result)
    for count, why in (
        (
            int((~result.selection.usable).sum()),
            "have no window that a model may hear (silent or too short)",
        ),
        (result.elsewhere, "were analysed with other features; scan them again"),
    ):
        if count:
            yield f"left out: {count} tracks {why}"


def _scarce(result: TrainingResult) -> Iterator[str]:
    """Yield which labels have too few albums, or barely enough: some by name."""
    chosen, unit = result.selection, result.selection.unit
    if unit == "artist":
        yield "note: all tracks of an artist are judged together, so that none is known"
    single = list(chosen.single.items())
    if all(run.model in ALBUM_MODELS for run in result.runs):
        if single:
            yield (
                f"learned, but not judged: {_count(len(single), 'label')} with one "
                f"{unit} ({_name_some([name for name, _ in single])})"
            )
    else:
        for name, tracks in single[:_NAMED]:
            yield f"left out: {name} ({tracks} tracks), which has fewer than 2 {unit}s"
        if len(single) > _NAMED:
            yield f"left out: {len(single) - _NAMED} further labels like these"
    if chosen.scarce:
        yield (
            f"warning: {_name_some(chosen.scarce)} "
            f"{'has' if len(chosen.scarce) == 1 else 'have'} 2 {unit}s only: each is "
            "judged by what the other one taught"
        )


def _name_some(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    if len(names) <= _FEW + 1:
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{', '.join(names[:_FEW])} and {len(names) - _FEW} more"


def _count(n: int, what: str) -> str:
    return f"1 {what}" if n == 1 else f"{n} {what}s"


def _without_music(result: TrainingResult) -> Iterator[str]:
    """Yield what the files alone give away, and where that comes near."""
    reached = result.confounds
    drawn = ""
    if reached["labels"] < len(result.selection.labels):
        drawn = f", among {reached['labels']} of the labels"
    yield (
        "Facts about the files (codec, bandwidth, loudness and the like), without the "
        f"music{drawn}: accuracy {reached['accuracy']:.2f}, "
        f"balanced {reached['balanced_accuracy']:.2f}."
    )
    if result.warning:
        yield f"warning: {result.warning}; see `report --confounds`"
    for name, pairs in result.matched.items():
        if pairs.accuracy is None or pairs.unmatched is None:
            yield f"{name}: no two tracks of different labels are coded alike"
            continue
        yield (
            f"{name}: of two labels the right one in {pairs.accuracy:.2f} over "
            f"{pairs.pairs} pairs with the same codec and bandwidth, in "
            f"{pairs.unmatched:.2f} over any pairs (chance 0.50)"
        )


def _rest(result: TrainingResult) -> Iterator[str]:
    if not result.rest:
        return
    judged = f"{result.rest} further tracks were judged by the final model"
    if any(run.metrics.get("open") for run in result.runs):
        yield f"{judged}; what is like none of the labels is called unknown."
    elif any(run.parameters["unknown_below"] for run in result.runs):
        yield f"{judged}, which says unknown below the threshold of each run."
    else:
        yield f"{judged}, which never says unknown: no threshold was set."


def _model(run: RunFacts) -> Iterator[str]:
    m = run.metrics
    interval = m["interval"]
    spread = f" (95 % {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
    yield (
        f"\n{run.model} (run {run.id}): accuracy {m['accuracy']:.2f}{spread}, "
        f"balanced {m['balanced_accuracy']:.2f}, macro F1 {m['macro_f1']:.2f}"
    )
    if "procedure" in m:
        yield f"  {_PROCEDURES[m['procedure']]}"
        yield from _chance(m["chance"], m["labels"])
    elif run.model != "majority":
        yield (
            "  what chance gives was not measured: dealing labels anew would train "
            "this model again each time"
        )
    if m["flattering"] is not None:
        higher = m["flattering"] > m["accuracy"]
        words = _FLATTERING if higher else _NOT_FLATTERING
        yield words.format(m["flattering"])
    if m.get("open"):
        yield from _open(m["open"], m["unknown"])
    elif m["unknown"] is not None:
        unknown = m["unknown"]
        yield (
            f"  unknown below {unknown['threshold']:.2f}: rejects "
            f"{1 - unknown['false_accept_rate']:.0%} of tracks of labels that were not "
            f"learned,\n  and keeps {unknown['known_kept']:.0%} of those that were"
        )


def _chance(chance: Mapping[str, Any] | None, n_labels: int) -> Iterator[str]:
    """Yield what the same procedure reaches when labels are dealt anew to albums."""
    if chance is None:
        yield (
            "  chance was not measured: no deal of the labels fits the budget; "
            "give more with --budget"
        )
        return
    error = chance["standard_error"]
    spread = "" if error is None else f" +- {error:.3f}"
    least = ""
    if chance["p"] <= chance["smallest_p"]:
        least = ", the least that these albums and so many deals allow"
    yield (
        f"  labels dealt anew to albums, {_count(chance['n'], 'time')}: balanced "
        f"{chance['mean']:.3f}{spread} (1 / {n_labels} is {1 / n_labels:.3f});\n"
        f"  p = {chance['p']:.2g}{least}"
    )


def _open(found: Mapping[str, Any], unknown: Mapping[str, Any]) -> Iterator[str]:
    """Yield the open figure, in which "none of them" is an answer, too."""
    below = unknown["threshold"]
    threshold = f", or below {below:.2f}" if below else ""
    yield (
        f'  with "none of them" as an answer{threshold}, among all '
        f"{_count(found['labels'], 'label')}: right for {found['known_right']:.2f} "
        f"(balanced {found['known_balanced']:.2f}), "
        f"unknown for {found['known_called_none']:.2f};"
    )
    whose = "label's only album was out"
    if not found["outsiders_are_single"]:
        whose = "label was left out"
    yield (
        f"  of {found['outsiders']} tracks whose {whose}, "
        f"{found['outsiders_called_none']:.2f} are called unknown "
        f"(area under the curve {found['auroc']:.2f})"
    )
