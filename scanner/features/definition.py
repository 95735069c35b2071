"""The definition of a feature set: its constants, its names in order, its identity."""

# Standard library only: a scan plans its work, and a catalog is read, without loading
# the machinery that computes the numbers.

from __future__ import annotations

from typing import NamedTuple

from catalog.records import FeatureSetFacts

VERSION = 1
"""Rises whenever a stored number could change; the golden file holds it to that."""

SR = 22050
N_FFT = 2048
HOP_LENGTH = 512
N_BINS = N_FFT // 2 + 1

WINDOW_S = 30.0
HOP_S = 10.0
MIN_DURATION_S = 5.0
"""Below this a track is ``too_short`` and has no window."""

SILENCE_DBFS = -60.0
"""A window is silent when the RMS of none of its frames reaches this."""

REFERENCE_LUFS = -23.0
"""Level-dependent numbers enter the vector as if the track had this loudness."""

FLOOR_LUFS = -70.0
"""The loudness assumed where BS.1770 gives none: its absolute gate."""

BAND_LIMITS_HZ = (1_000.0, 11_000.0)
"""The least and the highest limit that spectral features may be given."""

ENERGY_CHANGE = 0.2
"""A jump of frame RMS counts when it exceeds this multiple of the window's mean."""

N_MELS = 128
N_MFCC = 20
N_CONTRAST = 7
N_CHROMA = 12
_CONTRAST_FMIN = 200.0
_CONTRAST_QUANTILE = 0.02

SEQUENCE_FRAMES = 22
"""Frames averaged into one step of a sequence: about two steps a second."""

SEQUENCE_RATE_HZ = SR / (HOP_LENGTH * SEQUENCE_FRAMES)
N_SEQUENCE_MELS = 40

COLUMNS: tuple[str, ...] = (
    "tempo_bpm",
    "rms_mean",
    "rms_max",
    "rms_above_mean",
    "rms_crossings_per_s",
    "energy_changes_per_s",
    "energy_drops_per_s",
    "spectral_flatness",
    "spectral_centroid_hz",
    "zero_crossing_rate",
    "harmonic_fraction",
)
"""The named columns of a window, as librosa gives them (RMS depends on level)."""

SERIES: tuple[str, ...] = (
    *(f"mfcc_{i:02d}" for i in range(N_MFCC)),
    *(f"contrast_{i}" for i in range(N_CONTRAST)),
    "bandwidth",
    "rolloff",
    "flatness",
    "centroid",
    "zcr",
    "onset",
    *(f"chroma_{i:02d}" for i in range(N_CHROMA)),
)
"""Per-frame series whose mean and standard deviation enter the vector."""

VECTOR_NAMES: tuple[str, ...] = (
    *COLUMNS,
    *(f"{name}_mean" for name in SERIES),
    *(f"{name}_std" for name in SERIES),
)


# How frames lie in memory while they are worked on.

TILE = 64
"""Frames handled at once, on a grid that starts with the track."""

CONTEXT = 32
"""Frames kept from before a tile for the medians along time."""

LAG = 16
"""A tile's last frames wait for the next tile, which their medians reach into."""

STRIDE = 1040
"""Floats from one frame to the next: the bins, filled up to whole pairs of blocks."""

MARGIN = 16
"""Mirrored rows before and after the bins where frames lie side by side."""

BINS_ROWS = STRIDE + 2 * MARGIN


def bins_below(band_limit_hz: float | None) -> int:
    """Return how many bins of a spectrum lie at or below a limit; None: all.

    >>> bins_below(None), bins_below(8000.0)
    (1025, 744)
    """
    if band_limit_hz is None:
        return N_BINS
    return int(band_limit_hz * N_FFT / SR) + 1


class ContrastBand(NamedTuple):
    """The bins ``start:stop`` of an octave, and how many of them make an extreme."""

    start: int
    stop: int
    extremes: int


def contrast_bands() -> tuple[ContrastBand, ...]:
    """Return the seven octaves of ``librosa.feature.spectral_contrast``.

    References
    ----------
    D.-N. Jiang et al., "Music type classification by spectral contrast feature", Proc.
    IEEE Int. Conf. on Multimedia and Expo, 2002.
    """
    hertz = [k * SR / N_FFT for k in range(N_BINS)]
    edges = (0.0, *(_CONTRAST_FMIN * 2.0**k for k in range(N_CONTRAST)))
    bands = []
    for k in range(N_CONTRAST):
        inside = [i for i, f in enumerate(hertz) if edges[k] <= f <= edges[k + 1]]
        last = k == N_CONTRAST - 1
        start = inside[0] - (k > 0)
        stop = N_BINS if last else inside[-1] + 1
        extremes = max(round(_CONTRAST_QUANTILE * (stop - start)), 1)
        # all bands but the last drop their highest bin, after counting
        bands.append(ContrastBand(start, stop if last else stop - 1, extremes))
    return tuple(bands)


def feature_set(
    window_s: float = WINDOW_S,
    hop_s: float = HOP_S,
    band_limit_hz: float | None = None,
) -> FeatureSetFacts:
    """Return the identity of the feature set that this program computes.

    Parameters
    ----------
    window_s, hop_s : float
        Length of a window and distance between the starts of two, in seconds.
    band_limit_hz : float or None
        What lies above is left out of whatever is made of spectra; None: nothing.

    Returns
    -------
    FeatureSetFacts
        Version, names of the vector's entries in order, and every parameter that
        the numbers depend on.

    Examples
    --------
    >>> facts = feature_set()
    >>> facts.names[0], len(facts.names) == len(set(facts.names))
    ('tempo_bpm', True)
    """
    limited = {} if band_limit_hz is None else {"band_limit_hz": float(band_limit_hz)}
    return FeatureSetFacts(
        version=VERSION,
        names=VECTOR_NAMES,
        parameters={
            "sr": SR,
            "n_fft": N_FFT,
            "hop_length": HOP_LENGTH,
            "taper": "hann",
            "resampler": "soxr HQ",
            "window_s": float(window_s),
            "hop_s": float(hop_s),
            "min_duration_s": MIN_DURATION_S,
            "silence_dbfs": SILENCE_DBFS,
            "reference_lufs": REFERENCE_LUFS,
            "energy_change": ENERGY_CHANGE,
            "n_mels": N_MELS,
            "n_mfcc": N_MFCC,
            "hpss_kernel": 31,
            "sequence_frames": SEQUENCE_FRAMES,
            "n_sequence_mels": N_SEQUENCE_MELS,
            **limited,
        },
    )
