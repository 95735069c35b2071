"""What `extract.py` measures, each peer in its own process: prints seconds as JSON.

Run as ``python contenders.py NAME REPEAT FILE...``; each needs only its own packages,
so that peers can live in an environment of their own.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

for threads in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA"):
    os.environ[f"{threads}_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

WINDOW_S, HOP_S = 30.0, 10.0
LIBROSA_WINDOWS = 2


def cpu_s() -> float:
    """Return CPU seconds of this process and of the children it waited for."""
    used = [
        resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(u.ru_utime + u.ru_stime for u in used)


def decode(path: str) -> dict[str, float]:
    """Decode alone, as the engine does."""
    from scanner.audio.decode import open_audio

    start, frames = cpu_s(), 0
    with open_audio(os.fsencode(path)) as audio:
        for block in audio.blocks():
            frames += len(block)
    return {"cpu_s": cpu_s() - start, "audio_s": frames / audio.sample_rate}


def sonicat(path: str) -> dict[str, float]:
    """Decode and extract: all windows, sequences, loudness, facts."""
    from scanner.audio.decode import open_audio
    from scanner.features.extractor import Extractor

    start = cpu_s()
    with open_audio(os.fsencode(path)) as audio:
        extractor = Extractor(audio.sample_rate, audio.channels)
        for block in audio.blocks():
            extractor.push(block)
        found = extractor.finish()
    stages = {f"stage {c.stage}": c.cpu_s for c in found.costs}
    return {"cpu_s": cpu_s() - start, **stages}


def bliss(path: str) -> dict[str, float]:
    """bliss-audio: 20 or so features of the whole song."""
    import bliss_audio

    start = cpu_s()
    bliss_audio.Song(path)
    return {"cpu_s": cpu_s() - start}


def essentia(path: str) -> dict[str, float]:
    """essentia's MusicExtractor."""
    import essentia as package
    import essentia.standard as algorithms

    package.log.infoActive = package.log.warningActive = False
    extractor = algorithms.MusicExtractor()
    start = cpu_s()
    extractor(path)
    return {"cpu_s": cpu_s() - start}


def librosa(path: str) -> dict[str, float]:
    """librosa's functions for the named columns, window by window.

    The first windows are measured, and taken for the rest of the track.
    """
    import librosa as package
    import numpy as np

    start = cpu_s()
    y, sr = package.load(path)
    loading = cpu_s() - start
    window, hop = int(WINDOW_S * sr), int(HOP_S * sr)
    starts = range(0, max(len(y) - window, 0) + 1, hop)
    start = cpu_s()
    measured = list(starts)[:LIBROSA_WINDOWS]
    for first in measured:
        part = y[first : first + window]
        rms = package.feature.rms(y=part)[0]
        package.feature.tempo(y=part, sr=sr)
        package.feature.spectral_flatness(y=part).mean()
        package.feature.spectral_centroid(y=part, sr=sr).mean()
        package.feature.zero_crossing_rate(part).mean()
        harmonic, percussive = package.effects.hpss(part)
        np.sum(harmonic**2) / np.sum(percussive**2 + harmonic**2)
        (np.diff(rms) > rms.mean()).sum()
    share = len(starts) / len(measured)
    return {"cpu_s": loading + (cpu_s() - start) * share}


CONTENDERS: dict[str, Callable[[str], dict[str, float]]] = {
    "decode": decode,
    "sonicat": sonicat,
    "bliss": bliss,
    "essentia": essentia,
    "librosa": librosa,
}


def quickest(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the run that took least."""
    return min(runs, key=lambda run: run["cpu_s"])


def in_turns(repeat: int, paths: tuple[str, ...]) -> None:
    """Print decoding alone and the engine on each file, run in turns.

    Both then see the same neighbours on a shared machine, so that their ratio holds
    though neither figure does.
    """
    sonicat(min(paths, key=os.path.getsize))  # imports, compiled kernels
    for path in paths:
        turns = [(decode(path), sonicat(path)) for _ in range(repeat)]
        alone, whole = (quickest(list(runs)) for runs in zip(*turns, strict=True))
        line = {"path": path, "decode": alone, "sonicat": whole}
        print(json.dumps(line), flush=True)


def main(name: str, repeat: str, *paths: str) -> None:
    """Print the quickest of ``repeat`` runs for each file, one line a file."""
    if name == "in_turns":
        in_turns(int(repeat), paths)
        return
    contender = CONTENDERS[name]
    known = [path for path in paths if not path.endswith(".opus")] or paths
    contender(min(known, key=os.path.getsize))  # imports, compiled kernels
    for path in paths:
        try:
            runs = [contender(path) for _ in range(int(repeat))]
        except RuntimeError as error:  # essentia has no Opus
            print(json.dumps({"path": path, "refused": str(error)}), flush=True)
            continue
        print(json.dumps({"path": path, **quickest(runs)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
