"""The verdicts of a model of albums on single windows, streamed over a library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from catalog.database import Catalog
from catalog.statistics import WindowPart, stream_windows
from catalog.store_run import KEPT, KEPT_OF_WINDOW, Predictions
from classify.album_evaluation import AlbumEvaluation
from classify.models.album_statistics import AlbumStatistics
from classify.models.albums import FittedAlbumModel
from classify.models.covariances import estimate_covariances
from classify.models.hierarchical import HierarchicalGaussian
from classify.models.predictive import Predictive
from classify.track_data import TrackData

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

N_BLOCKS = 20
"""Blocks of albums for all that is shared, as in evaluations that are not exact."""


@dataclass(frozen=True, eq=False)
class WindowScatter:
    """The pooled scatter of windows around their tracks, by block of albums.

    Attributes
    ----------
    scatter : float64, shape (n_blocks + 1, n_columns, n_columns)
        The last is that of tracks without a label.
    dof : float64, shape (n_blocks + 1,)
    """

    scatter: Floats
    dof: Floats

    def covariance(self, without: int | None = None) -> Floats:
        """Return W, from all windows or from those of the other blocks."""
        scatter, dof = self.scatter.sum(axis=0), float(self.dof.sum())
        if without is not None:
            scatter = scatter - self.scatter[without]
            dof -= float(self.dof[without])
        result: Floats = scatter / max(dof, 1.0)
        return result


def block_of_tracks(data: TrackData, evaluation: AlbumEvaluation) -> Integers:
    """Return the block of each track of the data, `N_BLOCKS` for those unlabelled."""
    blocks = np.full(len(data.X), -1, dtype=np.intp)
    blocks[data.rest] = N_BLOCKS
    blocks[evaluation.tracks] = evaluation.left_out.block % N_BLOCKS
    return blocks


def predict_windows(
    catalog: Catalog,
    data: TrackData,
    evaluation: AlbumEvaluation,
    final: FittedAlbumModel,
    scatter: WindowScatter,
    *,
    with_rest: bool,
    on_progress: Callable[[int, int], None],
) -> Iterator[Predictions]:
    """Yield what is said of all windows, those of learned tracks with their album out.

    A window is judged among the labels that are the most probable for its track; its
    density has W beyond a track's. What is shared comes from the other blocks than its
    album's, so that 20 estimates are enough for a library of any size.

    Parameters
    ----------
    catalog : Catalog
    data : TrackData
    evaluation : AlbumEvaluation
    final : FittedAlbumModel
        For tracks without a label.
    scatter : WindowScatter
        By the blocks of `block_of_tracks`.
    with_rest : bool
        Judge windows of tracks without a label, too.
    on_progress : callable of (done, total)
        Told in tracks.
    """
    judge = _WindowJudge(data, evaluation, final, scatter)
    wanted = np.zeros(len(data.X), dtype=bool)
    wanted[evaluation.tracks] = True
    if with_rest:
        wanted[data.rest] = True
    # Of tracks with the same audio one that is learned stands for all.
    order = np.argsort(~np.isin(np.arange(len(data.X)), evaluation.tracks))
    ids, first = np.unique(data.analysis_id[order], return_index=True)
    track_of = order[first]
    inside = (ids >= 0) & wanted[track_of]
    ids, track_of = ids[inside], track_of[inside]
    done = 0
    for part in stream_windows(catalog, ids, len(data.library.feature_set.names)):
        yield judge.predict(part, track_of[np.searchsorted(ids, part.analysis_id)])
        done += len(np.unique(part.analysis_id))
        on_progress(done, len(ids))


class _WindowJudge:
    def __init__(
        self,
        data: TrackData,
        evaluation: AlbumEvaluation,
        final: FittedAlbumModel,
        scatter: WindowScatter,
    ) -> None:
        self._data, self._final = data, final
        self._stats, self._left_out = evaluation.stats, evaluation.left_out
        self._block = block_of_tracks(data, evaluation)
        self._row = np.full(len(data.X), -1, dtype=np.intp)
        self._row[evaluation.tracks] = np.arange(len(evaluation.tracks))
        self._names = data.selection.learned
        number = {name: k for k, name in enumerate(data.selection.labels)}
        self._judged = np.array([number.get(name, -1) for name in self._names])
        self._candidates = _candidates(evaluation, len(self._names))
        self._by_track = None
        if not isinstance(final.estimator, HierarchicalGaussian):
            self._by_track = evaluation.verdicts
            return
        stats = self._stats
        share = 1.0 - float(np.mean(1.0 / data.effective_windows[evaluation.tracks]))
        blocks = self._block[evaluation.tracks][stats.order]
        of_album = blocks[stats.first[:-1]]
        self._predictives = [
            _learn(stats, np.flatnonzero(of_album == b), share * scatter.covariance(b))
            for b in range(N_BLOCKS)
            if (of_album == b).any()
        ]
        self._albums_of_group: dict[int, Integers] = {}
        for album, group in enumerate(stats.group.tolist()):
            known = self._albums_of_group.get(group, np.zeros(0, dtype=np.intp))
            self._albums_of_group[group] = np.append(known, album)
        self._group_of_row = np.empty(len(stats.X), dtype=np.intp)
        self._group_of_row[stats.order] = np.repeat(stats.group, stats.sizes)

    def predict(self, part: WindowPart, track: Integers) -> Predictions:
        """Return what is said of the windows of some tracks."""
        rows = self._row[track]
        of_learned = rows >= 0
        X = part.vectors[:, self._data.kept].astype(np.float64)
        k = self._candidates.shape[1]
        named, p = np.full((len(X), k), -1, dtype=np.intp), np.zeros((len(X), k))
        p_none = np.zeros(len(X))
        some = np.flatnonzero(of_learned)
        named[some] = self._candidates[rows[some]]
        if self._by_track is not None:
            own = self._by_track.p[rows[some]]
            p[some, : own.shape[1]] = own
            p_none[some] = self._by_track.p_none[rows[some]]
        else:
            for b in np.unique(self._block[track[some]]):
                own = some[self._block[track[some]] == b]
                p[own], p_none[own] = self._judge(int(b), X[own], rows[own])
        rest = np.flatnonzero(~of_learned)
        if len(rest):
            found = self._predict_rest(X[rest])
            best = np.argsort(-found, axis=1)[:, :k]
            named[rest, : best.shape[1]] = best
            p[rest, : best.shape[1]] = np.take_along_axis(found, best, axis=1)
            p_none[rest] = 1.0 - found.sum(axis=1)
        return self._predictions(part, track, named, p, p_none)

    def _predict_rest(self, X: Floats) -> Floats:
        estimator = self._final.estimator
        if isinstance(estimator, HierarchicalGaussian):
            found: Floats = np.exp(estimator.predict_window_log_proba(X))[:, :-1]
            return found
        return estimator.predict_proba(X)

    def _judge(self, block: int, X: Floats, rows: Integers) -> tuple[Floats, Floats]:
        """Return probabilities of the candidates and of none, the albums being out."""
        stats, left_out = self._stats, self._left_out
        candidates = self._candidates[rows]
        used, at = np.unique(candidates, return_inverse=True)
        at = at.reshape(candidates.shape)
        means = stats.label_means[np.maximum(used, 0)]
        counts = np.where(used >= 0, stats.n_albums_of[np.maximum(used, 0)], 0)
        more_means, more_counts = [], []
        groups = self._group_of_row[rows]
        n = len(used)
        for group in np.unique(groups).tolist():
            albums = self._albums_of_group[group]
            labels = np.unique(stats.label[albums])
            out_means, out_counts = stats.means_without(albums, labels)
            mine = groups == group
            for j, label in enumerate(labels.tolist()):
                at[mine[:, None] & (candidates == label)] = n + j
            n += len(labels)
            more_means.append(out_means)
            more_counts.append(out_counts)
        scores = self._predictives[block].log_densities_among(
            stats.standardize(X),
            np.concatenate([means, *more_means]),
            np.concatenate([counts, *more_counts]),
            at,
        )
        scores /= left_out.temperature[rows, None]
        known = left_out.is_known[rows]
        # Closed: among the labels that can be judged. Open: all, and none of them.
        allowed = left_out.is_candidate[np.maximum(candidates, 0)] & (candidates >= 0)
        scores[:, :-1][known[:, None] & ~allowed] = -np.inf
        prior, n_labels = left_out.unknown_prior, stats.n_labels
        scores[:, :-1] += np.log1p(-prior) - np.log(n_labels)
        scores[:, -1] += np.log(prior)
        scores[known, -1] = -np.inf
        p = np.exp(scores - logsumexp(scores, axis=1, keepdims=True))
        return p[:, :-1], p[:, -1]

    def _predictions(
        self,
        part: WindowPart,
        track: Integers,
        named: Integers,
        p: Floats,
        p_none: Floats,
    ) -> Predictions:
        rows = self._row[track]
        y = self._data.selection.y[track]
        true = np.where(rows >= 0, np.append(self._judged, -1)[y], -1)
        own = np.where(named == y[:, None], p, 0.0).sum(axis=1)
        best = named[np.arange(len(p)), p.argmax(axis=1)]
        p_label = p.max(axis=1, initial=0.0)
        words = [
            "unknown" if none > of_best else self._names[k]
            for k, of_best, none in zip(best, p_label, p_none, strict=True)
        ]
        if p.shape[1] > KEPT_OF_WINDOW and not self._is_whole:
            few = np.argsort(-p, axis=1, kind="stable")[:, :KEPT_OF_WINDOW]
            named = np.take_along_axis(named, few, axis=1)
            p = np.take_along_axis(p, few, axis=1)
            named = np.where(p > 0.0, named, -1)
        return Predictions(
            ids=part.window_id,
            fold=np.where(rows >= 0, self._block[track], -1),
            true=true,
            label=words,
            p_true=np.where(true >= 0, own, np.nan),
            p_label=p_label,
            named=named,
            p=p,
            names=self._names,
        )

    @property
    def _is_whole(self) -> bool:
        """Whether all labels are named, in their own order."""
        return self._names == self._data.selection.labels and len(self._names) <= KEPT


def _candidates(evaluation: AlbumEvaluation, n_labels: int) -> Integers:
    """Return the labels that windows of each track are judged among, the true one too.

    Returns
    -------
    intp, shape (n_tracks, k)
        -1 for none.
    """
    named = evaluation.verdicts.named
    if n_labels <= KEPT and evaluation.left_out.is_candidate.all():
        return named
    y = evaluation.left_out.y[:, None]
    missing = (
        ~(named == y).any(axis=1, keepdims=True) & evaluation.left_out.is_known[:, None]
    )
    return np.append(named, np.where(missing, y, -1), axis=1)


def _learn(stats: AlbumStatistics, out: Integers, W: Floats) -> Predictive:
    """Return the predictive of windows that is learned without some albums."""
    rest = stats.without(out)
    some = np.ix_(stats.columns, stats.columns)
    extra = W[some] / np.outer(stats.scale, stats.scale)
    return Predictive(estimate_covariances(rest), extra)
