"""Write the golden file of the feature set's version: run it when that rises."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from catalog.records import Analysis
from scanner.features.definition import SR, VERSION, feature_set
from scanner.features.extractor import Extractor


def signal() -> np.ndarray:
    """Return 14 s of chords, noise bursts and a sweep, stereo, 44 100 Hz."""
    sr = 2 * SR
    t = np.arange(14 * sr) / sr
    rng = np.random.default_rng(20)
    chord = sum(
        np.sin(2 * np.pi * f * t + i) for i, f in enumerate((220, 277.2, 329.6))
    )
    beat = np.exp(-8.0 * (t % 0.5)) * rng.standard_normal(t.size)
    sweep = np.sin(2 * np.pi * (50.0 * t + 200.0 * t**2)) * (t > 7.0)
    left = 0.1 * chord + 0.1 * beat
    return np.stack([left, left + 0.1 * sweep], axis=1).astype(np.float32)


def extraction() -> Analysis:
    """Return what the engine finds in the signal."""
    extractor = Extractor(2 * SR, 2, window_s=6.0, hop_s=4.0)
    extractor.push(signal())
    return extractor.finish()


def content() -> dict[str, object]:
    """Return what the golden file holds."""
    found = extraction()
    facts = feature_set(6.0, 4.0)
    return {
        "version": facts.version,
        "parameters": dict(facts.parameters),
        "names": list(facts.names),
        "vectors": [[float(f"{x:.7g}") for x in v] for v in found.windows.vectors],
        "loudness_lufs": round(found.loudness_lufs or 0.0, 6),
        "sequences": {s.kind: s.values[::4].tolist() for s in found.sequences},
    }


if __name__ == "__main__":
    path = Path(__file__).with_name(f"v{VERSION}.json")
    path.write_text(json.dumps(content(), indent=1) + "\n")
