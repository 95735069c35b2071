"""Good files to spoil, and what the command `scan` makes of a folder of spoilt ones."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

from scanner.audio.encode import ffmpeg_path

SR = 44100
SECONDS = 8
# name -> options of ffmpeg's output
FORMATS = {
    "cbr.mp3": ("-c:a", "libmp3lame", "-b:a", "128k"),
    "a.flac": ("-c:a", "flac"),
    "a.ogg": ("-c:a", "libvorbis"),
    "a.opus": ("-c:a", "libopus"),
    "s16.wav": ("-c:a", "pcm_s16le"),
    "a.aiff": ("-c:a", "pcm_s16be"),
    "f32.wav": ("-c:a", "pcm_f32le"),
    "fast.m4a": ("-c:a", "aac", "-movflags", "+faststart"),
    "a.wma": ("-c:a", "wmav2"),
    "alac.m4a": ("-c:a", "alac"),
    "a.aac": ("-c:a", "aac"),
    "a.wv": ("-c:a", "wavpack"),
    "a.tta": ("-c:a", "tta"),
    "a.webm": ("-c:a", "libopus"),
}


def make_sources(folder: Path) -> list[Path]:
    """Write the same eight seconds in fourteen formats, tagged."""
    rng = np.random.default_rng(5)
    seconds = np.arange(SECONDS * SR) / SR
    bursts = rng.standard_normal(seconds.size) * (np.sin(2 * np.pi * 1.7 * seconds) > 0)
    mono = 0.3 * np.sin(2 * np.pi * 220 * seconds) + 0.1 * np.clip(bursts, -3, 3)
    reference = folder / "reference.wav"
    soundfile.write(reference, np.stack([mono, 0.7 * mono], axis=1), SR)
    tags = ["-metadata", "title=A Title", "-metadata", "artist=An Artist"]
    for name, options in FORMATS.items():
        encode = [ffmpeg_path(), "-nostdin", "-v", "error", "-y", "-i", reference]
        subprocess.run([*encode, *tags, *options, folder / name], check=True)
    return [folder / name for name in FORMATS]


@dataclass
class Findings:
    """What a scan made of a folder.

    Attributes
    ----------
    status : int
        Exit status.
    errors : str
        On stderr.
    summary, again : dict
        Of the scan, and of a second one.
    outcomes : dict
        By file name: the status of its analysis, or the stage at which it failed.
    slowest : tuple
        The longest time that a file took, in seconds, and the file.
    peak_mb : float
        The most memory that one process of the scan held.
    wall_s : float
    """

    status: int
    errors: str
    summary: dict[str, Any]
    again: dict[str, Any]
    outcomes: dict[str, str]
    slowest: tuple[float, str]
    peak_mb: float
    wall_s: float


def scan_folder(folder: Path, private: Path, jobs: int = 2) -> Findings:
    """Scan a folder with the real command, twice; the catalog goes into `private`."""
    db, log = private / "catalog.db", private / "scan.log"
    line = [sys.executable, "-m", "sonicat", "scan", "--json", "--db", str(db)]
    line += ["-j", str(jobs), "--log-file", str(log), str(folder)]
    start = time.perf_counter()
    status, out, errors, peak = _watched(line, private)
    wall_s = time.perf_counter() - start
    second = subprocess.run(line, capture_output=True, text=True, check=False)
    return Findings(
        status=status,
        errors=errors,
        summary=json.loads(out),
        again=json.loads(second.stdout),
        outcomes=_outcomes(db),
        slowest=max(_times(log)),
        peak_mb=peak / 2**20,
        wall_s=wall_s,
    )


def _watched(line: list[str], private: Path) -> tuple[int, str, str, int]:
    """Run a command; return its status, its two outputs, and its peak memory."""
    peak = 0
    out, err = private / "out", private / "err"
    with out.open("w") as to, err.open("w") as complaints:
        process = psutil.Popen(line, stdout=to, stderr=complaints)
        while process.poll() is None:
            with suppress(psutil.Error):
                for one in (process, *process.children(recursive=True)):
                    peak = max(peak, one.memory_info().rss)
            time.sleep(0.05)
    return process.returncode, out.read_text(), err.read_text(), peak


def _times(log: Path) -> list[tuple[float, str]]:
    ends = r"/([^/]*?): .* \((\d+\.\d+) s\)$"
    found = re.findall(ends, log.read_text(errors="replace"), re.MULTILINE)
    return [(float(took), name) for name, took in found]


def _outcomes(db: Path) -> dict[str, str]:
    """Return what became of every file, from a catalog that is sound.

    Raises
    ------
    AssertionError
        If it is not, or holds a number that is none.
    """
    with closing(sqlite3.connect(db)) as connection:
        ask = connection.execute
        assert ask("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert ask("PRAGMA foreign_key_check").fetchall() == []
        # SQLite stores NaN as NULL, and infinity as a number past every other.
        odd = "rms_mean IS NULL OR abs(rms_mean) > 1e300 OR spectral_flatness IS NULL"
        assert ask(f"SELECT count(*) FROM windows WHERE {odd}").fetchone() == (0,)
        rows = ask(
            "SELECT path_text, status FROM tracks "
            "JOIN analyses ON analyses.payload_id = tracks.payload_id "
            "UNION ALL SELECT path_text, stage FROM failures"
        ).fetchall()
    assert len(rows) == len(dict(rows)), "a file is both a row and a failure"
    return dict(rows)
