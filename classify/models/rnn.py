"""The model by a recurrent network over the chroma and log-mel sequences."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline

from classify.folds import album_folds
from classify.models.base import ModelSpec, Params

with suppress(ImportError):  # an extra, which the registry asks for
    import torch

BATCH = 64
PATIENCE = 4


class GruClassifier(ClassifierMixin, BaseEstimator):
    """A gated recurrent unit that reads a window's slice step by step.

    A label is read off the mean and the maximum of its states. Learning stops when
    albums that were kept aside are predicted no better. The fitted state is NumPy
    arrays alone.

    Parameters
    ----------
    hidden : int
        Units of the recurrent layer.
    epochs : int
        At most.
    seed : int

    References
    ----------
    K. Cho et al., "Learning phrase representations using RNN encoder-decoder for
    statistical machine translation", EMNLP 2014.
    """

    def __init__(self, hidden: int = 32, epochs: int = 25, seed: int = 0) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.seed = seed

    def fit(
        self,
        X: NDArray[np.float16],
        y: NDArray[np.intp],
        sample_weight: NDArray[np.float64],
        groups: NDArray[np.intp],
    ) -> GruClassifier:
        """Learn from slices of shape (n_windows, steps, dims)."""
        torch.manual_seed(self.seed)
        torch.set_num_threads(1)
        self.classes_, number = np.unique(y, return_inverse=True)
        steps = X.astype(np.float32)
        self.mean_ = steps.mean(axis=(0, 1))
        self.scale_ = steps.std(axis=(0, 1)) + 1e-6
        learn, watch = _split(number, groups, self.seed)
        network = _network(X.shape[2], self.hidden, len(self.classes_))
        inputs = torch.from_numpy((steps - self.mean_) / self.scale_)
        targets, weights = torch.from_numpy(number), torch.from_numpy(sample_weight)
        self.state_ = self._learn(network, inputs, targets, weights, learn, watch)
        return self

    def _learn(
        self,
        network: Any,
        inputs: Any,
        targets: Any,
        weights: Any,
        learn: NDArray[np.intp],
        watch: NDArray[np.intp],
    ) -> dict[str, NDArray[np.float32]]:
        """Return the state that did best on the watched windows."""
        optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
        best, kept, stale = np.inf, _arrays(network), 0
        shuffle = np.random.default_rng(self.seed)
        watched = torch.from_numpy(watch)
        for _ in range(self.epochs):
            order = shuffle.permutation(learn)
            for start in range(0, len(order), BATCH):
                some = torch.from_numpy(order[start : start + BATCH])
                optimiser.zero_grad()
                _loss(network, inputs, targets, weights, some).backward()
                optimiser.step()
            network.eval()
            with torch.no_grad():
                found = float(_loss(network, inputs, targets, weights, watched))
            network.train()
            stale += 1
            if found < best:
                best, kept, stale = found, _arrays(network), 0
            if stale == PATIENCE:
                break
        return kept

    def predict_proba(self, X: NDArray[np.float16]) -> NDArray[np.float64]:
        """Return probabilities, shape (n_windows, n_classes)."""
        network = _network(X.shape[2], self.hidden, len(self.classes_))
        state = {name: torch.from_numpy(a) for name, a in self.state_.items()}
        network.load_state_dict(state)
        network.eval()
        inputs = (X.astype(np.float32) - self.mean_) / self.scale_
        with torch.no_grad():
            parts = [
                torch.softmax(network(torch.from_numpy(inputs[i : i + 512])), dim=1)
                for i in range(0, len(inputs), 512)
            ]
        result: NDArray[np.float64] = torch.cat(parts).numpy().astype(np.float64)
        return result


def _network(dims: int, hidden: int, labels: int) -> Any:
    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.recurrent = torch.nn.GRU(dims, hidden, batch_first=True)
            self.drop = torch.nn.Dropout(0.4)
            self.out = torch.nn.Linear(2 * hidden, labels)

        def forward(self, x: Any) -> Any:
            states, _ = self.recurrent(self.drop(x))
            both = torch.cat([states.mean(dim=1), states.amax(dim=1)], dim=1)
            return self.out(self.drop(both))

    return Network()


def _loss(network: Any, inputs: Any, targets: Any, weights: Any, rows: Any) -> Any:
    losses = torch.nn.functional.cross_entropy(
        network(inputs[rows]), targets[rows], reduction="none", label_smoothing=0.1
    )
    some = weights[rows]
    return (losses * some).sum() / some.sum()


def _arrays(network: Any) -> dict[str, NDArray[np.float32]]:
    state = network.state_dict()
    return {name: value.detach().numpy().copy() for name, value in state.items()}


def _split(
    y: NDArray[np.intp], groups: NDArray[np.intp], seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return windows to learn from and windows of other albums to stop by."""
    if len(np.unique(groups)) < 3:
        everything = np.arange(len(y))
        return everything, everything
    fold = album_folds(y, groups, n_splits=5, seed=seed)[0]
    if len(np.setdiff1d(y, y[fold.train])):
        return np.arange(len(y)), fold.test
    return fold.train, fold.test


def _rnn(params: Params, seed: int) -> Pipeline:
    return Pipeline([("model", GruClassifier(hidden=params["hidden"], seed=seed))])


RNN = ModelSpec("rnn", _rnn, ({"hidden": 32},), reads="slices", grouped=True)
