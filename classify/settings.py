"""The settings of a training: label rule, models, seed, threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Validation = Literal["album", "balanced"]


@dataclass(frozen=True)
class TrainingSettings:
    """The options of a training, each with the default of the command `classify`.

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
        Processes; None means one per core.
    unknown_below : float or None
        Tracks outside the dataset whose best label is less probable than this are
        called unknown; None sets the threshold by leaving out each label in turn.
    matched : bool
        Whether to score pairs of tracks that are coded alike, too.
    validation : str
        ``"album"``: one album out at a time, or folds of albums for models that take
        long; ``"balanced"``: one album of every label out at once.
    permutations : int
        Deals of the labels that measure chance, at most.
    budget_s : float or None
        CPU seconds for evaluating a model of albums; None: by the library's size.
    unknown_prior : float or None
        Of "none of them"; None: estimated.
    codec_robust : bool or None
        Whether models learn from the catalog's re-encodings what to distrust; None:
        where enough codecs made them.
    """

    rule: str = "artist"
    only: tuple[str, ...] = ()
    models: tuple[str, ...] = ("hierarchical",)
    seed: int = 0
    everything: bool = True
    jobs: int | None = None
    unknown_below: float | None = None
    matched: bool = False
    validation: Validation = "album"
    permutations: int = 99
    budget_s: float | None = None
    unknown_prior: float | None = None
    codec_robust: bool | None = None
