"""What `classify` is asked to do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from catalog.runs import RunFacts
from classify.confounds import PairScores


@dataclass(frozen=True)
class TrainingSettings:
    """What `classify` was asked to do.

    Attributes
    ----------
    rule : str
        What a label is: ``"artist"``, ``"genre"`` ...
    only : tuple of str
        The labels to tell apart; empty for all that have enough albums.
    models : tuple of str
    seed : int
    everything : bool
        Whether tracks outside the dataset are labelled too, by the final model.
    jobs : int or None
    unknown_below : float or None
        Tracks outside the dataset whose best label is less probable than this are
        called unknown; None sets the threshold by leaving out each label in turn.
    matched : bool
        Whether to judge pairs of tracks that are coded alike, too.
    steady : bool or None
        Whether models learn from the catalog's re-encodings what to distrust; None:
        where enough codecs made them.
    """

    rule: str = "artist"
    only: tuple[str, ...] = ()
    models: tuple[str, ...] = ("voting",)
    seed: int = 0
    everything: bool = True
    jobs: int | None = None
    unknown_below: float | None = None
    matched: bool = False
    steady: bool | None = None


@dataclass(frozen=True)
class Summary:
    """What was done, for whoever shows it.

    Attributes
    ----------
    runs : tuple of RunFacts, in the order of the request's models
    left_out : mapping of a label with too few albums to its number of tracks
    scarce : labels with two albums
    unheard : number of tracks without a usable window
    elsewhere : number of tracks analysed under another feature set only
    rest : number of tracks outside the dataset, labelled by the final model
    baseline : float
        Accuracy of always naming the most frequent label.
    unmatched : lines of a label file that match no track
    confounds : dict
        What facts about the files reach without the music.
    matched : dict of a model's name to PairScores, where asked for
    """

    runs: tuple[RunFacts, ...]
    left_out: dict[str, int]
    scarce: tuple[str, ...]
    unheard: int
    elsewhere: int
    rest: int
    baseline: float
    unmatched: tuple[str, ...] = ()
    confounds: dict[str, Any] = field(default_factory=dict)
    matched: dict[str, PairScores] = field(default_factory=dict)
