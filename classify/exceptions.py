"""The errors of training, prediction and reports."""

from __future__ import annotations

from catalog.exceptions import SonicatError


class ClassifyError(SonicatError):
    """Root of everything this package raises for a user to read."""


class TooLittleToLearnFromError(ClassifyError):
    """The library holds too few labels, albums or windows for an honest answer."""


class FeatureSetMismatchError(ClassifyError):
    """Windows of one feature set were given to a model of another."""


class UnknownModelError(ClassifyError):
    """No model has the name that was asked for."""

    exit_code = 2


class BadLabelRuleError(ClassifyError):
    """A label rule could not be understood or its file could not be read."""

    exit_code = 2


class MissingExtraError(ClassifyError):
    """A model needs an optional package that is not installed."""


class UntrustedArtifactError(ClassifyError):
    """A stored model holds a type that is not on the fixed list."""


class NothingToReportError(ClassifyError):
    """There is no run, or the run holds nothing that the report could show."""


class CannotDrawError(ClassifyError):
    """No program of this system draws a picture in the form asked for."""
