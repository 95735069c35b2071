"""The tables, as typed SQLAlchemy classes."""

from __future__ import annotations

from catalog.models.analysis import Analysis, FeatureSet, Sequence, StageCost, Window
from catalog.models.base import Base
from catalog.models.learning import (
    Artifact,
    FoldScore,
    Run,
    TrackPrediction,
    WindowPrediction,
)
from catalog.models.library import (
    Album,
    Artist,
    Failure,
    Genre,
    Payload,
    RawTag,
    Root,
    Scan,
    TagSource,
    Track,
    TrackArtist,
    TrackGenre,
)
from catalog.models.maps import LibraryMap, MapPoint

__all__ = [
    "Album",
    "Analysis",
    "Artifact",
    "Artist",
    "Base",
    "Failure",
    "FeatureSet",
    "FoldScore",
    "Genre",
    "LibraryMap",
    "MapPoint",
    "Payload",
    "RawTag",
    "Root",
    "Run",
    "Scan",
    "Sequence",
    "StageCost",
    "TagSource",
    "Track",
    "TrackArtist",
    "TrackGenre",
    "TrackPrediction",
    "Window",
    "WindowPrediction",
]
