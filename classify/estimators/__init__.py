"""All models by name: one module a family, imported when a model is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from classify.errors import UnknownModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from classify.estimators.base import Recipe

_HOMES = {
    "svm-rbf": ("svm", "SVM_RBF"),
    "random-forest": ("trees", "RANDOM_FOREST"),
    "majority": ("baseline", "MAJORITY"),
}

NAMES = tuple(_HOMES)
"""Every model, in the order in which tables show them."""


def recipe(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises
    ------
    UnknownModelError
        There is none; the message names all.
    """
    if name not in _HOMES:
        raise UnknownModelError(_unknown(name))
    module, constant = _HOMES[name]
    home = import_module(f"classify.estimators.{module}")
    return cast("Recipe", getattr(home, constant))


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """Return the models that `names` ask for, each once; ``all`` means every one.

    Raises
    ------
    UnknownModelError
        A name is none of a model.
    """
    asked = tuple(dict.fromkeys(names))
    if "all" in asked:
        return NAMES
    for name in asked:
        if name not in _HOMES:
            raise UnknownModelError(_unknown(name))
    return asked


def _unknown(name: str) -> str:
    return f"--model {name}: no such model; choose all or one of {', '.join(NAMES)}"
