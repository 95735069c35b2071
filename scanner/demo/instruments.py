"""Synthesized instruments: notes and drum beats as samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SR = 44100  # Hz
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Timbre:
    """The sound of a pitched instrument.

    Attributes
    ----------
    partials : int
        Number of harmonics.
    tilt : float
        The k-th harmonic has the amplitude ``k ** -tilt``.
    odd : float, 0 to 1
        How much the even harmonics are held back.
    attack_s, decay_s : float
        Rise, and time constant of the fall; a long one makes a held tone.
    drive : float
        Distortion; 0 is clean.
    shimmer : float
        Detuning of a second voice, in parts of the frequency.
    """

    partials: int
    tilt: float
    odd: float
    attack_s: float
    decay_s: float
    drive: float
    shimmer: float


@lru_cache(maxsize=512)
def make_note(timbre: Timbre, midi: int, length: int) -> Samples:
    """Return a note.

    Parameters
    ----------
    timbre : Timbre
    midi : int
        Pitch: the number of the key, 69 for 440 Hz.
    length : int
        Samples, at 44 100 Hz.

    Returns
    -------
    float32, shape (length,)
        Its peak is near 1.
    """
    hertz = 440.0 * 2.0 ** ((midi - 69) / 12)
    time = np.arange(length, dtype=np.float32) / SR
    wave = np.zeros(length, np.float32)
    for detune in (0.0, timbre.shimmer) if timbre.shimmer else (0.0,):
        phase = (2 * np.pi * hertz * (1 + detune)) * time
        for k in range(1, timbre.partials + 1):
            if hertz * k > 0.45 * SR:
                break
            held = 1 - timbre.odd if k % 2 == 0 else 1.0
            # The upper harmonics of a struck string die first.
            fall = np.exp(-time * ((1 + 0.25 * k) / timbre.decay_s))
            wave += (held * k**-timbre.tilt) * np.sin(k * phase) * fall
    wave /= np.max(np.abs(wave)) + 1e-9
    if timbre.drive:
        wave = np.tanh(timbre.drive * wave) / np.tanh(timbre.drive)
    return _fade(wave, timbre.attack_s)


def _fade(sound: NDArray[np.floating], attack_s: float) -> Samples:
    """Fade a note in, and out at its end, so that it starts and stops without click."""
    wave = sound.astype(np.float32)
    rise = min(len(wave), max(1, int(attack_s * SR)))
    fall = min(len(wave), int(0.01 * SR))
    wave[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    wave[len(wave) - fall :] *= np.linspace(1, 0, fall, dtype=np.float32)
    return wave


@lru_cache(maxsize=64)
def make_beat(kind: str, tone: float, seed: int) -> Samples:
    """Return one beat of a drum.

    Parameters
    ----------
    kind : {"kick", "snare", "hat"}
    tone : float
        From 0 (dull) to 1 (bright).
    seed : int
        Of the noise.

    Returns
    -------
    float32, shape (n,)
        At 44 100 Hz, within about [-1, 1].
    """
    rng = np.random.default_rng(seed)
    length = int({"kick": 0.22, "snare": 0.18, "hat": 0.06}[kind] * SR)
    time = np.arange(length, dtype=np.float32) / SR
    if kind == "kick":
        sweep = (
            2 * np.pi * (48 * time + (60 + 80 * tone) * 0.03 * -np.expm1(-time / 0.03))
        )
        return _fade(np.sin(sweep) * np.exp(-time / 0.09), 0.001)
    noise = rng.standard_normal(length).astype(np.float32) / 3
    if kind == "hat":
        noise = np.diff(noise, n=2, append=noise[-2:]) * 0.5
        return _fade(noise * np.exp(-time / (0.012 + 0.02 * tone)), 0.0005)
    body = np.sin(2 * np.pi * 185 * time) * np.exp(-time / 0.05)
    rustle = noise * tone + np.convolve(noise, np.ones(6) / 6, "same") * (1 - tone)
    return _fade((0.6 * body + rustle * np.exp(-time / 0.07)).astype(np.float32), 0.001)
