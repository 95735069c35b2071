"""CPU seconds a track, beside the peers, on real files: ``extract.py LIBRARY``.

Decoding alone and the engine take turns in one process, the peers have one each; all
run in one thread and are measured in CPU seconds, children included; of several runs
the quickest counts. Absolute seconds are the machine's; ratios travel. Peers that are
not installed are named and left out: ``pip install -r benchmarks/requirements.txt``,
here or, with ``--peers``, in another environment.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SUFFIXES = {".mp3", ".flac", ".ogg", ".opus", ".m4a"}
PEERS = {
    "bliss": "bliss-audio",
    "essentia": "essentia MusicExtractor",
    "librosa": "librosa, window by window",
}

Result = dict[str, dict[str, float]]


def chosen(library: Path, per_format: int) -> list[Path]:
    """Return files of each format, evenly through the library."""
    by_suffix: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(library.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            by_suffix[path.suffix.lower()].append(path)
    picked = []
    for paths in by_suffix.values():
        step = max(len(paths) // per_format, 1)
        picked += paths[::step][:per_format]
    return picked


def in_turns(repeat: int, paths: list[Path]) -> dict[str, Result]:
    """Return the results of decoding alone and of the engine."""
    found = run(sys.executable, "in_turns", repeat, paths)
    if isinstance(found, str):
        sys.exit(f"the engine failed: {found}")
    names = ("decode", "sonicat")
    return {name: {p: both[name] for p, both in found.items()} for name in names}


def run(python: str, name: str, repeat: int, paths: list[Path]) -> dict[str, Any] | str:
    """Return what a contender measured by path, or why it could not."""
    command = [python, str(HERE / "contenders.py"), name, str(repeat), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [json.loads(x) for x in done.stdout.splitlines() if x.startswith("{")]
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        return last[0]
    for line in lines:
        if "refused" in line:
            print(f"{name} refused {Path(line['path']).name}: {line['refused']}")
    return {line.pop("path"): line for line in lines if "refused" not in line}


def peer_results(python: str, repeat: int, paths: list[Path]) -> dict[str, Result]:
    """Return the peers' results; say which are absent."""
    results = {}
    for name, title in PEERS.items():
        where = sys.executable if name == "librosa" else python
        files = paths if name != "librosa" else shortest_of_each_format(paths)
        found = run(where, name, repeat if name == "bliss" else 1, files)
        if isinstance(found, str):
            print(f"{title}: left out ({found})")
            print(f"  {where} -m pip install -r benchmarks/requirements.txt")
        else:
            results[name] = found
    return results


def shortest_of_each_format(paths: list[Path]) -> list[Path]:
    """Return one file of each format: librosa needs a minute for a track."""
    first: dict[str, Path] = {}
    for path in sorted(paths, key=lambda p: p.stat().st_size):
        first.setdefault(path.suffix.lower(), path)
    return list(first.values())


def table(results: dict[str, Result]) -> None:
    """Print medians by format, and ratios to the engine on the same files."""
    engine = results["sonicat"]
    suffixes = sorted({Path(p).suffix.lower() for p in engine})
    print(f"\n{'CPU s a track, median':28}" + "".join(f"{s:>10}" for s in suffixes))
    for name, result in results.items():
        print(f"{PEERS.get(name, name):28}" + row(result, suffixes, "{:10.3f}"))
    print(f"\n{'times the CPU of sonicat':28}" + "".join(f"{s:>10}" for s in suffixes))
    for name, result in results.items():
        ratios = {
            p: {"cpu_s": r["cpu_s"] / engine[p]["cpu_s"]} for p, r in result.items()
        }
        print(f"{PEERS.get(name, name):28}" + row(ratios, suffixes, "{:10.2f}"))
    print(f"{'sonicat, times decode alone':28}", end="")
    alone = results["decode"]
    ratios = {p: {"cpu_s": r["cpu_s"] / alone[p]["cpu_s"]} for p, r in engine.items()}
    print(row(ratios, suffixes, "{:10.2f}"))


def row(result: Result, suffixes: list[str], form: str) -> str:
    """Return the medians of a contender by format."""
    cells = []
    for suffix in suffixes:
        values = [
            r["cpu_s"] for p, r in result.items() if Path(p).suffix.lower() == suffix
        ]
        cells.append(form.format(statistics.median(values)) if values else f"{'-':>10}")
    return "".join(cells)


def profile(engine: Result, alone: Result) -> None:
    """Print where the engine's time goes, in ms for each minute of audio."""
    minutes = sum(r["audio_s"] for r in alone.values()) / 60.0
    stages: dict[str, float] = defaultdict(float)
    for path, result in engine.items():
        stages["decode"] += alone[path]["cpu_s"]
        for key, value in result.items():
            if key.startswith("stage "):
                stages[key.removeprefix("stage ")] += value
    total = sum(r["cpu_s"] for r in engine.values())
    stages["hand-over"] = total - sum(stages.values())
    print(f"\n{'where it goes':28}{'ms a minute':>12}{'share':>8}")
    for stage, value in sorted(stages.items(), key=lambda item: -item[1]):
        print(f"{stage:28}{1000.0 * value / minutes:12.2f}{value / total:8.1%}")
    print(f"{'all':28}{1000.0 * total / minutes:12.2f}")


def memory(hours: float) -> None:
    """Print the peak memory of a process that measures a long stream."""
    code = (
        "import numpy as np; from scanner.features.extractor import Extractor\n"
        "rng = np.random.default_rng(0)\n"
        "block = 0.1 * rng.standard_normal((65536, 2), np.float32)\n"
        "extractor = Extractor(44100, 2)\n"
        f"for _ in range(int({hours} * 3600 * 44100 / 65536)): extractor.push(block)\n"
        "print(len(extractor.finish().windows.start_s))"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, cwd=HERE.parent, stdout=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{hours:g} h of stereo at 44 100 Hz: peak resident {peak:.0f} MB so far")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument(
        "--per-format", type=int, default=3, help="files of each format"
    )
    parser.add_argument("--repeat", type=int, default=5, help="runs, quickest counts")
    parser.add_argument(
        "--peers", default=sys.executable, help="a Python with the peers"
    )
    parser.add_argument(
        "--hours", type=float, nargs="*", default=[], help="long streams"
    )
    asked = parser.parse_args()
    for hours in sorted(asked.hours):
        memory(hours)
    paths = chosen(asked.library, asked.per_format)
    if not paths:
        parser.error(f"no audio files in {asked.library}")
    results = in_turns(asked.repeat, paths)
    results |= peer_results(asked.peers, asked.repeat, paths)
    table(results)
    profile(results["sonicat"], results["decode"])


if __name__ == "__main__":
    main()
