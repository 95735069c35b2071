"""A picture as PNG, drawn by a program of the system: no library here draws letters."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from classify.exceptions import CannotDrawError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCALE = 2.5
"""Pixels of the PNG for one of the SVG: about 240 dots an inch on paper."""
_WIDTH = re.compile(r'<svg[^>]* width="([\d.]+)"')
_USUAL_WIDTH = 850
_TIMEOUT_S = 60


def write_png(svg: Path) -> Path:
    """Write a standalone picture as PNG beside itself.

    Parameters
    ----------
    svg : Path
        Of a file as `standalone` makes it.

    Raises
    ------
    CannotDrawError
        No program of this system reads SVG.
    """
    found = _WIDTH.search(svg.read_text(encoding="utf-8")[:4096])
    width = round(SCALE * float(found[1] if found else _USUAL_WIDTH))
    svg = svg.resolve()
    png = svg.with_suffix(".png")
    png.unlink(missing_ok=True)
    for command in _commands(svg, png, width):
        try:
            subprocess.run(  # noqa: S603 (fixed options, our own picture)
                command, capture_output=True, check=False, timeout=_TIMEOUT_S
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if png.is_file():
            return png
    raise CannotDrawError(
        "PNG needs rsvg-convert (package librsvg2-bin, on macOS librsvg) or an ffmpeg "
        "that reads SVG; install one, or leave --png out and take the SVG files"
    )


def _commands(svg: Path, png: Path, width: int) -> Iterator[list[str]]:
    if drawer := shutil.which("rsvg-convert"):
        options = ["--width", str(width), "--keep-aspect-ratio"]
        yield [drawer, *options, "-o", str(png), str(svg)]
    if ffmpeg := shutil.which("ffmpeg"):  # Debian's is built with librsvg
        options = ["-v", "error", "-nostdin", "-y", "-width", str(width)]
        yield [ffmpeg, *options, "-i", f"file:{svg}", "-frames:v", "1", f"file:{png}"]
