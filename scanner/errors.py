"""What can go wrong in a scan, and with a single file of it."""

from __future__ import annotations


class ScannerError(Exception):
    """Root of everything that this package raises on purpose."""


class FileError(ScannerError):
    """One file could not be read or analysed; the scan goes on without it.

    Parameters
    ----------
    stage : str
        Where it went wrong: "identify", "tags", "decode" or "features".
    reason : str
        One line for people, without the file's name.
    """

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(stage, reason)
        self.stage = stage
        self.reason = reason

    def __str__(self) -> str:
        """Return the stage and the reason."""
        return f"{self.stage}: {self.reason}"


class _StagedError(FileError):
    """A file error whose class says the stage; pickles by its reason alone."""

    _stage: str

    def __init__(self, reason: str) -> None:
        super().__init__(self._stage, reason)
        self.args = (reason,)


class IdentifyError(_StagedError):
    """The content is no audio that anyone here can read, whatever the name says."""

    _stage = "identify"


class TagError(_StagedError):
    """Tags or stream facts could not be read."""

    _stage = "tags"


class DecodeError(_StagedError):
    """The audio could not be decoded, or not all of it."""

    _stage = "decode"


class FeatureError(FileError):
    """The signal could not be turned into features."""
