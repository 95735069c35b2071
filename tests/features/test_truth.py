"""Every number equals librosa's on the same frames."""

import platform

import librosa
import numba
import numpy as np
import pytest
from scipy.ndimage import median_filter

from scanner.features.definition import (
    COLUMNS,
    FLOOR_LUFS,
    LAG,
    N_MELS,
    REFERENCE_LUFS,
    SERIES,
    STRIDE,
    TILE,
    VECTOR_NAMES,
)
from scanner.features.hpss import HarmonicPercussive, _split
from scanner.features.simd.llvm import INT, vector_code
from scanner.features.simd.median import Network, _running
from scanner.features.spectral import (
    _write_magnitudes,
    chroma_filters,
    fft_frequencies,
    hann,
    mel_filters,
)

TOLERANCE = 1e-4


FLOORS = {"mfcc": 1.0, "contrast": 1.0, "bandwidth": 1.0, "rolloff": 1.0}
FLOORS |= {"centroid": 1.0, "onset": 0.01, "chroma": 0.01}


def scales(of, mean):
    """Return what an error of each series is measured against.

    Its own size; yet at least a thousandth of its mean, and of what is usual: one for
    decibels and what is made of them, and for Hz.
    """
    kinds = [name.rstrip("0123456789").rstrip("_") for name in SERIES]
    floors = [FLOORS.get(kind, 1e-4) for kind in kinds]
    return np.maximum(np.maximum(np.abs(of), 1e-3 * np.abs(mean)), floors)


def check(found, expected):
    windows, n = found.windows, len(COLUMNS)
    loudness = FLOOR_LUFS if found.loudness_lufs is None else found.loudness_lufs
    level = REFERENCE_LUFS - loudness
    assert len(windows.start_s) == len(expected.columns) > 0
    for i, columns in enumerate(expected.columns):
        for name, value in columns.items():
            assert windows.columns[name][i] == pytest.approx(value, rel=TOLERANCE), name
        vector = windows.vectors[i].astype(np.float64)
        named = dict(zip(VECTOR_NAMES, vector, strict=True))
        quieter = 10.0 ** (-level / 20.0)
        for name in COLUMNS:
            scale = quieter if name in ("rms_mean", "rms_max") else 1.0
            assert named[name] * scale == pytest.approx(windows.columns[name][i])
        mean, std = vector[n : n + len(SERIES)], vector[n + len(SERIES) :]
        mean[0] -= level * np.sqrt(N_MELS)
        for got, true in ((mean, expected.mean[i]), (std, expected.std[i])):
            off = np.abs(got - true) / scales(true, expected.mean[i])
            worst = int(off.argmax())
            assert off[worst] < TOLERANCE, (SERIES[worst], got[worst], true[worst])


@pytest.mark.parametrize(
    "name",
    [
        "tone",
        "chirp",
        "noise",
        "clicks",
        "click",
        "music",
        "clipped",
        "dc",
        "faint",
    ],
)
def test_synthesised_signals(measure, reference, make, name):
    samples = make(name)
    found = measure(samples, window_s=3.0, hop_s=1.5)
    assert len(found.windows.start_s) == 3
    check(found, reference(samples, 22050, found))


@pytest.mark.parametrize(
    ("sr", "channels"),
    [
        (8000, 1),
        (11025, 2),
        (16000, 3),
        (44100, 2),
        (48000, 6),
        (96000, 1),
        (192000, 2),
    ],
)
def test_rates_and_channels(measure, reference, make, sr, channels):
    noise = np.random.default_rng(sr).standard_normal((int(5.2 * sr), channels))
    samples = 0.02 * noise.astype(np.float32)
    samples[:, 0] += make("music", 5.2, sr)[: samples.shape[0]]
    found = measure(samples, sr)
    check(found, reference(samples, sr, found))


@pytest.mark.slow
@pytest.mark.parametrize(
    "which",
    [
        "Crystan/UFO:AI Battlescape/02 Crystan-Battlescape02.mp3",
        "Kenta Cho/Gunroar/03 gr1.flac",
        "Kenta Cho/Noiz2sa/01 stg4.ogg",
        "LupusMechanicus/Legacy Soundtrack/01 Incoming Transmission.opus",
    ],
)
def test_real_music(measure, reference, music, decoded, which):
    samples, sr = decoded(music / which, 26.0)
    found = measure(samples, sr, window_s=10.0, hop_s=8.0)
    check(found, reference(samples, sr, found))


@pytest.mark.parametrize("limit_hz", [1000.0, 4000.0, 8000.0, 11000.0])
def test_a_band_limit_leaves_the_bins_above_out(measure, reference, make, limit_hz):
    noise = np.random.default_rng(1).standard_normal(6 * 22050).astype(np.float32)
    samples = make("music") + 0.01 * noise
    windows = {"window_s": 3.0, "hop_s": 1.5}
    found = measure(samples, **windows, band_limit_hz=limit_hz)
    bins = np.count_nonzero(fft_frequencies() <= limit_hz)
    check(found, reference(samples, 22050, found, bins))


def test_default_windows_own_the_frames_centred_in_them(measure, reference, make):
    samples = make("music", 41.0)
    found = measure(samples)
    assert found.windows.start_s.tolist() == [0.0, 10.0]
    check(found, reference(samples, 22050, found))


def test_known_answers_of_a_tone(measure, make):
    windows = measure(make("tone")).windows
    columns = {name: values[0] for name, values in windows.columns.items()}
    vector = dict(zip(VECTOR_NAMES, windows.vectors[0], strict=True))
    assert columns["rms_max"] == pytest.approx(0.25 / np.sqrt(2.0), rel=2e-3)
    assert columns["zero_crossing_rate"] == pytest.approx(2 * 440 / 22050, rel=0.02)
    assert columns["spectral_centroid_hz"] == pytest.approx(440.0, rel=0.02)
    assert columns["harmonic_fraction"] > 0.99
    pitches = [vector[f"chroma_{i:02d}_mean"] for i in range(12)]
    assert int(np.argmax(pitches)) == 9  # A


def test_known_answers_of_noise_and_clicks(measure, make):
    noise = measure(make("noise")).windows.columns
    assert noise["spectral_flatness"][0] == pytest.approx(
        np.exp(-np.euler_gamma), abs=0.02
    )
    assert noise["spectral_centroid_hz"][0] == pytest.approx(22050 / 4, rel=0.01)
    clicks = measure(make("clicks", 12.0)).windows.columns
    assert clicks["harmonic_fraction"][0] < 0.05
    assert clicks["tempo_bpm"][0] == pytest.approx(120.0, rel=0.03)


def test_banks_are_librosas():
    filters = pytest.importorskip("librosa.filters")
    for n in (40, 128):
        expected = filters.mel(sr=22050, n_fft=2048, n_mels=n)
        np.testing.assert_allclose(mel_filters(n), expected, rtol=1e-5, atol=1e-9)
    expected = filters.chroma(sr=22050, n_fft=2048, tuning=0.0)
    np.testing.assert_allclose(chroma_filters(), expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(hann(2048), filters.get_window("hann", 2048), atol=1e-12)


@vector_code
def _medians_along_time(lanes, rows, out):
    """Emit the medians that the separation makes, and only those, of 8 bins."""

    def emit(i, medians):
        for n, median in enumerate(medians):
            lanes.store(median, out, lanes.offset(lanes.offset(i, n), 0, 8))

    _running(
        lanes, 4, lambda i: lanes.load(rows, lanes.offset(i, 0, STRIDE), INT), emit
    )


def test_time_medians_are_scipys_to_the_bit():
    @numba.njit("void(f4[:,::1], f4[:,::1])")
    def medians(rows, out):
        _medians_along_time(rows, out)

    rng = np.random.default_rng(5)
    rows = rng.exponential(size=(96, STRIDE)).astype(np.float32)
    rows[:, :4] = rng.integers(0, 4, (96, 4))
    out = np.zeros((64, 8), np.float32)
    medians(rows, out)
    expected = median_filter(rows[:, :8], (31, 1), mode="reflect")[16:80]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("frames", [64, 65, 100, 114, 120, 127, 128, 129, 192, 200])
def test_tracks_end_anywhere(frames):
    """Energies are those of librosa's masks, mirrored edges and repeated values too."""
    rng = np.random.default_rng(frames)
    S = rng.integers(0, 9, (frames, 1025)).astype(np.float32) ** 2
    S[:, 300:400] = rng.exponential(size=(frames, 100))
    S[:, 700:800] *= rng.random((frames, 100)) < 0.1  # both medians zero
    H, P = librosa.decompose.hpss(S.T.astype(np.float64))
    energies = []
    hpss = HarmonicPercussive()
    perc = median_filter(S, (1, 31), mode="reflect")
    for start in range(0, frames + LAG, TILE):
        tile = S[start : start + TILE]
        hpss.rows[32 : 32 + len(tile), :1025] = tile
        hpss.percussive[16 : 16 + len(tile), :1025] = perc[start : start + TILE]
        energies.append(hpss.split(len(tile)).copy())
    energy = np.concatenate(energies)[LAG : LAG + frames]
    np.testing.assert_allclose(energy[:, 0], (H**2).sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(energy[:, 1], (P**2).sum(axis=0), rtol=1e-5)


def test_frequency_medians_are_scipys_to_the_bit():
    rng = np.random.default_rng(3)
    power = np.zeros((1032, 8), np.float32)
    power[:1025] = rng.exponential(size=(1025, 8))
    power[500:600] = rng.integers(0, 3, (100, 8))
    bins = np.zeros((1072, 8), np.float32)
    rows, percussive = (
        np.zeros((96, 1040), np.float32),
        np.zeros((80, 1040), np.float32),
    )
    _write_magnitudes(power, bins, 8, rows, percussive)
    S = np.sqrt(power[:1025]).T
    np.testing.assert_array_equal(rows[40:48, :1025], S)
    expected = median_filter(S, (1, 31), mode="reflect")
    np.testing.assert_array_equal(percussive[24:32, :1025], expected)


def test_medians_run_in_vectors():
    """Packed minima in the machine code: eight lanes, or four twice."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the names of the instructions are those of x86")
    compiled = numba.njit("void(f4[:,::1], f4[:,::1], f4[:,::1])")(_split.py_func)
    code = "".join(compiled.inspect_asm().values())
    assert code.count("pminsd") > 100


class Node:
    """A value, and the comparator's inputs that it came from."""

    def __init__(self, value, *of):
        self.value, self.of = value, of


def counting_network():
    bottom, top = Node(-1), Node(99)

    def least(a, b):
        if bottom in (a, b):
            return bottom
        if top in (a, b):
            return b if a is top else a
        return Node(min(a.value, b.value), a, b)

    def most(a, b):
        if top in (a, b):
            return top
        if bottom in (a, b):
            return b if a is bottom else a
        return Node(max(a.value, b.value), a, b)

    return Network(least, most, bottom, top)


def test_shared_networks_find_medians_and_spare_work():
    network = counting_network()
    line = np.random.default_rng(1).integers(0, 50, 48)
    inputs = [Node(int(value)) for value in line]
    blocks = [network.block(inputs[i : i + 8]) for i in range(0, 48, 8)]
    both = network.merge(blocks[2].ordered, blocks[3].ordered)
    out = []
    for n, around in enumerate((blocks[1], blocks[4])):
        kept = network.middle(both, around.ordered)
        out += network.medians(kept, blocks[n], blocks[4 + n])
    expected = [int(np.median(line[i - 15 : i + 16])) for i in range(16, 32)]
    assert [node.value for node in out] == expected
    carried = {id(node) for block in blocks[1:4] for node in block.ordered}
    steps, todo = set(), [*out, *blocks[5].ordered]
    while todo:
        node = todo.pop()
        if node.of and id(node) not in steps | carried:
            steps.add(id(node))
            todo += node.of
    assert len(steps) / 16 == pytest.approx(27.25)
