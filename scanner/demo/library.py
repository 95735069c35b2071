"""The demo library: two artists with three albums each, synthesized and tagged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from scanner.audio.encode import encode
from scanner.demo.instruments import SR, Samples, Timbre, make_beat, make_note
from scanner.demo.styles import ARTISTS, Album, Artist, Style, vary_style
from scanner.exceptions import ScannerError
from scanner.tags.write import write_easy_tags

# codec, suffix, bitrate: drawn at random, so that they say nothing of the artist
_FORMATS = (
    ("mp3", "mp3", "160k"),
    ("flac", "flac", None),
    ("vorbis", "ogg", "128k"),
)
_SHORTEST_S, _LONGEST_S = 36.0, 58.0


class DemoError(ScannerError):
    """The demo library cannot be written there."""


def make_demo(
    folder: Path,
    *,
    seed: int = 0,
    force: bool = False,
    on_progress: Callable[[Path, int, int], None] | None = None,
) -> list[Path]:
    """Write a small tagged library of synthesised music into `folder`.

    Two artists with three albums each, four or five tracks an album, as MP3, FLAC and
    Ogg Vorbis in turns: alike enough to be confused now and then. Each artist's last
    album differs from the ones before, and is from after 1988 and 1990.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.
    seed : int
        The same seed makes the same music, and with the same ffmpeg the same files.
    force : bool
        Write into a folder that holds something already.
    on_progress : callable (path, done, total), optional
        Told of every file that was written.

    Returns
    -------
    list of Path
        Of the files, in order.

    Raises
    ------
    DemoError
        If the folder is not empty and `force` is not set, or cannot be written.
    """
    _make_folder(folder, force=force)
    tracks = list(_tracks(folder))
    written: list[Path] = []
    rng = np.random.default_rng(seed)
    for place, (path_stem, artist, album, number) in enumerate(tracks):
        # A generator of its own: a track does not depend on those before it.
        (own,) = rng.spawn(1)
        codec, suffix, bitrate = _FORMATS[(place + int(own.integers(3))) % 3]
        path = path_stem.with_name(f"{path_stem.name}.{suffix}")
        seconds = own.uniform(_SHORTEST_S, _LONGEST_S)
        samples = compose(vary_style(artist.style, album, own), seconds, own)
        path.parent.mkdir(parents=True, exist_ok=True)
        encode(samples, SR, path, codec, bitrate)
        write_easy_tags(bytes(path), _tags(artist, album, number))
        written.append(path)
        if on_progress:
            on_progress(path, len(written), len(tracks))
    return written


def _make_folder(folder: Path, *, force: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not force and any(folder.iterdir()):
            raise DemoError(
                f"{folder} is not empty: name another folder, or use --force"
            )
    except OSError as error:
        raise DemoError(f"{folder}: {error.strerror}") from error


def _tracks(folder: Path) -> Iterator[tuple[Path, Artist, Album, int]]:
    for artist in ARTISTS:
        for album in artist.albums:
            place = folder / artist.name / f"{album.title} ({album.year})"
            for number, title in enumerate(album.tracks, start=1):
                yield place / f"{number:02} {title}", artist, album, number


def _tags(artist: Artist, album: Album, number: int) -> dict[str, str]:
    return {
        "title": album.tracks[number - 1],
        "artist": artist.name,
        "albumartist": artist.name,
        "album": album.title,
        "tracknumber": f"{number}/{len(album.tracks)}",
        "date": str(album.year),
        "genre": artist.genre,
    }


_PROGRESSIONS = ((0, 5, 3, 4), (0, 3, 4, 0), (0, 6, 5, 4), (0, 2, 3, 5), (0, 4, 5, 3))
_BASS = Timbre(4, 1.3, 0.0, 0.005, 0.5, 0.8, 0.0)
_STRUM = (0, 3, 4, 6)  # eighths of a bar on which chords may fall
_ECHO_S = 0.19
_FADE_S = 2.0


class _Mix:
    """The two channels that everything is added to."""

    def __init__(self, length: int) -> None:
        self.samples = np.zeros((length, 2), np.float32)

    def add(self, wave: Samples, start: int, level: float, pan: float) -> None:
        """Add a wave; `pan` goes from 0 (left) to 1 (right)."""
        room = len(self.samples) - start
        cut = wave[:room, np.newaxis]
        gains = np.array([1 - pan, pan], np.float32) * level
        self.samples[start : start + len(cut)] += cut * gains


def compose(style: Style, seconds: float, rng: np.random.Generator) -> Samples:
    """Return a piece in `style`.

    Parameters
    ----------
    style : Style
    seconds : float
        Rounded up to whole bars.
    rng : numpy.random.Generator

    Returns
    -------
    float32, shape (n, 2)
        At 44 100 Hz, within [-1, 1].
    """
    bar = int(4 * 60 / style.tempo * SR)
    bars = max(4, int(np.ceil(seconds * SR / bar)))
    mix = _Mix(bars * bar)
    root = int(rng.integers(40, 52))
    scale = style.scales[rng.integers(len(style.scales))]
    chords = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    strum = rng.random(len(_STRUM)) < 0.75
    step = 0
    for number in range(bars):
        place = number * bar
        part = (number // 4) % 4  # the first four bars of sixteen go without drums
        degree = chords[number % 4]
        _chord(mix, style, (place, bar), _triad(root + 12, scale, degree), strum)
        _bass(mix, (place, bar), _pitch(root - 12, scale, degree), part)
        if part:
            _beat(mix, style, (place, bar), rng)
        if part in (1, 3):
            step = _melody(mix, style, (place, bar), (root + 24, scale, step), rng)
    return _master(mix.samples, rng)


def _pitch(root: int, scale: tuple[int, ...], degree: int) -> int:
    octave, place = divmod(degree, len(scale))
    return root + 12 * octave + scale[place]


def _triad(root: int, scale: tuple[int, ...], degree: int) -> list[int]:
    return [_pitch(root, scale, degree + third) for third in (0, 2, 4)]


def _chord(
    mix: _Mix,
    style: Style,
    bar: tuple[int, int],
    pitches: list[int],
    strum: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> None:
    start, length = bar
    for struck, eighth in zip(strum, _STRUM, strict=True):
        if struck or eighth == 0:
            for voice, midi in enumerate(pitches):
                wave = make_note(style.rhythm, midi, length // 4)
                mix.add(wave, start + eighth * length // 8, 0.16, 0.35 + 0.15 * voice)


def _bass(mix: _Mix, bar: tuple[int, int], midi: int, part: int) -> None:
    start, length = bar
    times = 2 if part == 0 else 4
    wave = make_note(_BASS, midi, length // times)
    for beat in range(times):
        mix.add(wave, start + beat * length // times, 0.3, 0.5)


def _beat(
    mix: _Mix, style: Style, bar: tuple[int, int], rng: np.random.Generator
) -> None:
    start, length = bar
    seed = int(style.tempo * 1000)  # one drum kit a track
    for eighth in range(8):
        place = start + eighth * length // 8
        if eighth in (0, 4) or rng.random() < 0.12:
            mix.add(
                make_beat("kick", style.brightness, seed), place, 0.5 * style.drums, 0.5
            )
        if eighth in (2, 6):
            wave = make_beat("snare", style.brightness, seed)
            mix.add(wave, place, 0.45 * style.drums, 0.55)
        mix.add(make_beat("hat", style.brightness, seed), place, 0.3 * style.hats, 0.65)


def _melody(
    mix: _Mix,
    style: Style,
    bar: tuple[int, int],
    key: tuple[int, tuple[int, ...], int],
    rng: np.random.Generator,
) -> int:
    """Wander over the scale; return the step it ends on."""
    start, length = bar
    root, scale, step = key
    for eighth in range(8):
        if rng.random() < style.melody:
            step = int(np.clip(step + rng.integers(-2, 3), -5, 9))
            wave = make_note(style.lead, _pitch(root, scale, step), length // 6)
            mix.add(wave, start + eighth * length // 8, 0.2, 0.4)
    return step


def _master(samples: Samples, rng: np.random.Generator) -> Samples:
    """Add an echo, fade in and out, and set the level."""
    late = int(_ECHO_S * SR)
    samples[late:] += 0.22 * samples[:-late, ::-1]
    fade = int(_FADE_S * SR)
    samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)[:, np.newaxis]
    peak = float(np.max(np.abs(samples)))
    return samples * np.float32(rng.uniform(0.55, 0.95) / peak)
