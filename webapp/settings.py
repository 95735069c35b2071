"""Settings of the server and limits of an upload."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir

MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one upload, and all of them together, may take.

    Attributes
    ----------
    max_bytes : int
        Of the file.
    max_audio_s : float
        Of its audio, in seconds.
    wall_s, cpu_s : float
        For decoding and measuring.
    memory_bytes : int
        Address space of the process that decodes.
    running, waiting : int
        Uploads that are worked on, and that wait for that; further ones are refused.
    kept : int
        Verdicts that stay to be read.
    """

    max_bytes: int = 256 * MEGABYTE
    max_audio_s: float = 3600.0
    wall_s: float = 300.0
    cpu_s: float = 300.0
    memory_bytes: int = 6 * 1024 * MEGABYTE
    running: int = 2
    waiting: int = 6
    kept: int = 64


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """What `sonicat serve` was asked for.

    Attributes
    ----------
    catalog_url : str or None
        As `catalog_url` takes it.
    run_id : int or None
        The run whose predictions are shown; None takes the newest.
    host, port : where it listens
    token : str or None
        What a reader must know; None lets everybody in who can reach the port.
    allowed_hosts : tuple of str
        Further names by which the server may be called.
    map_seed : int
    windows_map : bool
        Whether a map of the windows is drawn beside that of the tracks.
    spool : Path
        Where a private folder for uploads is made.
    """

    catalog_url: str | None = None
    run_id: int | None = None
    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    map_seed: int = 0
    windows_map: bool = False
    spool: Path = field(default_factory=lambda: Path(gettempdir()))
    limits: UploadLimits = field(default_factory=UploadLimits)


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on can be reached from this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_urlsafe(24)
