"""The styles of two invented artists, and how far their albums stray from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scanner.demo.instruments import Timbre

MINOR = (0, 2, 3, 5, 7, 8, 10)
DORIAN = (0, 2, 3, 5, 7, 9, 10)
MAJOR = (0, 2, 4, 5, 7, 9, 11)
MIXOLYDIAN = (0, 2, 4, 5, 7, 9, 10)


@dataclass(frozen=True, slots=True)
class Style:
    """What a track is drawn from.

    Attributes
    ----------
    tempo : float
        Beats per minute.
    scales : tuple of scales
        A scale is its semitones above the root.
    rhythm, lead : Timbre
        Of the chords and of the melody.
    drums, hats, melody : float
        Levels of beats, of hi-hats, and how full the melody is; 0 to 1.
    brightness : float, 0 to 1
        Of the drums.
    """

    tempo: float
    scales: tuple[tuple[int, ...], ...]
    rhythm: Timbre
    lead: Timbre
    drums: float
    hats: float
    melody: float
    brightness: float


@dataclass(frozen=True, slots=True)
class Album:
    """An album: its title, its year, its tracks' titles, and its own turn of style."""

    title: str
    year: int
    tracks: tuple[str, ...]
    tempo: float = 1.0  # times the artist's
    drums: float = 1.0
    drive: float = 1.0
    tilt: float = 0.0  # added: larger is duller


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist's usual style, and the albums."""

    name: str
    genre: str
    style: Style
    albums: tuple[Album, ...]


ARTISTS = (
    Artist(
        "The Copper Lanterns",
        "Rock",
        Style(
            tempo=132,
            scales=(MINOR, DORIAN),
            rhythm=Timbre(9, 0.9, 0.1, 0.004, 0.7, 2.6, 0.003),
            lead=Timbre(7, 1.1, 0.5, 0.01, 0.6, 1.4, 0.0),
            drums=0.8,
            hats=0.45,
            melody=0.55,
            brightness=0.6,
        ),
        (
            Album(
                "Furnace Weather",
                1984,
                ("Slag", "Night Shift", "Bellows", "Ore Train", "Cinder Hymn"),
            ),
            Album(
                "Iron Almanac",
                1987,
                ("January Rust", "Plumb Line", "Weights", "Anvil Year"),
                tempo=1.08,
                drums=1.1,
                drive=1.2,
            ),
            Album(
                "Paper Bridges",
                1991,
                ("Toll", "Low Water", "Handrail", "Crossing Slowly", "Far Bank"),
                tempo=0.84,
                drums=0.75,
                drive=0.5,
                tilt=0.35,
            ),
        ),
    ),
    Artist(
        "Vela Marine",
        "Electronic",
        Style(
            tempo=108,
            scales=(MAJOR, MIXOLYDIAN, DORIAN),
            rhythm=Timbre(5, 1.4, 0.3, 0.03, 1.6, 0.0, 0.006),
            lead=Timbre(6, 1.2, 0.8, 0.005, 0.35, 0.3, 0.002),
            drums=0.5,
            hats=0.6,
            melody=0.65,
            brightness=0.45,
        ),
        (
            Album(
                "Tide Tables",
                1985,
                ("Slack Water", "Neap", "Harbour Lights", "Spring Tide"),
            ),
            Album(
                "Signal Flags",
                1988,
                ("Quebec", "Yankee", "Two Lima", "November Charlie", "Answering"),
                tempo=1.14,
                drums=1.45,
                drive=1.0,
                tilt=-0.3,
            ),
            Album(
                "The Inland Sea",
                1993,
                ("Salt Flat", "Mirage", "Pump House", "Dry Dock", "Rain at Last"),
                tempo=0.92,
                drums=0.85,
                tilt=0.15,
            ),
        ),
    ),
)


def vary_style(style: Style, album: Album, rng: np.random.Generator) -> Style:
    """Draw the style of one track of `album` from the artist's."""

    def about(value: float, spread: float) -> float:
        return float(value * rng.lognormal(0, spread))

    tilt = album.tilt + float(rng.normal(0, 0.15))
    drive = max(style.rhythm.drive, 0.8) if album.drive >= 1 else style.rhythm.drive
    rhythm = replace(
        style.rhythm,
        tilt=max(0.4, style.rhythm.tilt + tilt),
        drive=about(drive * album.drive, 0.25),
        decay_s=about(style.rhythm.decay_s, 0.2),
    )
    lead = replace(style.lead, tilt=max(0.4, style.lead.tilt + tilt))
    return replace(
        style,
        tempo=about(style.tempo * album.tempo, 0.06),
        rhythm=rhythm,
        lead=lead,
        drums=about(style.drums * album.drums, 0.2),
        hats=about(style.hats, 0.25),
        melody=min(1.0, about(style.melody, 0.15)),
        brightness=min(1.0, about(style.brightness, 0.2)),
    )
