"""The errors of a scan, and of a single file of it."""

from __future__ import annotations

from catalog.exceptions import SonicatError

NO_ACCESS = (
    "access"  # a stage: it may end without a new stamp, as when rights are given
)


class ScannerError(SonicatError):
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


class VariantError(_StagedError):
    """A track could not be encoded anew, or the result is not the same music."""

    _stage = "variant"


class PathMissingError(ScannerError):
    """A path that was given does not exist."""

    exit_code = 2

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        """Say which path, and what to do."""
        return f"there is no file or folder {self.path}: check the path, or the drive"


class NothingToScanError(ScannerError):
    """No path was given and the catalog knows no root."""

    exit_code = 2

    def __str__(self) -> str:
        """Say what to do."""
        return "the catalog knows no folder yet: name one, as in `scan ~/Music`"


class RootGoneError(ScannerError):
    """Most of a root's known tracks are gone at once; a drive that is not there.

    Parameters
    ----------
    root : str
    gone, known : int
        Tracks that were not found, of how many.
    """

    def __init__(self, root: str, gone: int, known: int) -> None:
        super().__init__(root, gone, known)
        self.root = root
        self.gone = gone
        self.known = known

    def __str__(self) -> str:
        """Say what is gone, and what to do."""
        what = "all" if self.gone == self.known else f"{self.gone} of"
        return (
            f"{what} {self.known} known tracks of {self.root} are gone: is the drive "
            "mounted? None was marked missing. If they are meant to be gone, "
            "scan again with --accept-missing"
        )


class RootLostError(ScannerError):
    """A root went away while it was being scanned."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.root = root

    def __str__(self) -> str:
        """Say what went away, and what to do."""
        return (
            f"{self.root} went away during the scan; what was finished is kept. "
            "Bring the drive back and scan again"
        )


class WorkersError(ScannerError):
    """The worker processes cannot be kept alive."""

    def __str__(self) -> str:
        """Say what to do."""
        return (
            "the worker processes end as soon as they start; "
            "try `scan -j 1`, and look at memory and limits (ulimit -a)"
        )


class EncoderMissingError(ScannerError):
    """ffmpeg lacks an encoder that a variant needs."""

    def __init__(self, variant: str, encoder: str, ffmpeg: str) -> None:
        super().__init__(variant, encoder, ffmpeg)
        self.variant = variant
        self.encoder = encoder
        self.ffmpeg = ffmpeg

    def __str__(self) -> str:
        """Say which encoder, for what, and what to do."""
        return (
            f"--variants {self.variant}: {self.ffmpeg} has no encoder {self.encoder}; "
            "install an ffmpeg that has it, or leave this variant out"
        )


class TempFullError(ScannerError):
    """There is no room for temporary files."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        """Say where, and what to do."""
        return (
            f"temporary files cannot be written in {self.folder}: is it full? What was "
            "finished is kept. Make room, or name another folder in TMPDIR, and scan "
            "again"
        )


class NoLocksError(ScannerError):
    """The system lets processes share no locks, so that no worker can be run."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"worker processes cannot share locks here ({reason}); "
            "give this user write access to /dev/shm, and scan again"
        )
