"""Fixtures for tests of the web pages: a small scanned library and its server."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from catalog.records import TagFacts
from scanner.audio.encode import encode
from tests.tag_writer import write_tags
from webapp.app import create_app
from webapp.context import STATE
from webapp.settings import ServeSettings, UploadLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from numpy.typing import NDArray

SR = 22050
SECONDS = 42
CODECS = {"flac": "flac", "ogg": "vorbis", "mp3": "mp3"}


def music_like(kind: str, seed: int, seconds: float = SECONDS) -> NDArray[np.float32]:
    """Return audio that is told apart easily: slow low chords, or fast bright noise."""
    random = np.random.default_rng(seed)
    t = np.arange(int(SR * seconds)) / SR
    if kind == "Low":
        pitch = random.uniform(80, 140)
        tone = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in (1, 2, 3))
        y = tone * (0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * t))
    else:
        beat = (t * random.uniform(5, 7)) % 1.0 < 0.3
        y = random.normal(0, 1, len(t)) * (0.05 + beat)
    return (0.2 * y / np.abs(y).max() * random.uniform(0.6, 1.0)).astype(np.float32)


def write_library(root: Path) -> None:
    seed = 0
    for artist in ("Low", "Bright"):
        for number, album in enumerate(("One", "Two", "Three")):
            folder = root / artist / album
            folder.mkdir(parents=True)
            for track, extension in enumerate(("flac", "mp3") if number else ("ogg",)):
                seed += 1
                path = folder / f"{track + 1:02} Piece {seed}.{extension}"
                encode(music_like(artist, seed), SR, path, CODECS[extension])
                tags = TagFacts(
                    title=f"Piece {seed} <b>&amp;</b>"
                    if seed == 1
                    else f"Piece {seed}",
                    artists=(artist,),
                    albumartist=artist,
                    album=f"{artist} {album}",
                    track_number=track + 1,
                    date=str(1984 + 4 * number),
                    genres=("Test",),
                )
                write_tags(bytes(path), tags)


def sonicat(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "sonicat", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )


@dataclass(frozen=True)
class Made:
    """A library and its catalog."""

    root: Path
    db: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a library of 10 tracks, scanned and learned from; not to be changed."""
    folder = tmp_path_factory.mktemp("library")
    root, db = folder / "music", folder / "catalog.db"
    write_library(root)
    sonicat("scan", str(root), "--db", str(db), "-j", "1", "-q")
    sonicat("classify", "--all", "--db", str(db), "--model", "svm-rbf", "-q", "-j", "1")
    return Made(root, db)


@pytest.fixture
def own(made: Made, tmp_path: Path) -> Made:
    """Return a copy of the library and its catalog, to be changed at will."""
    import sqlite3

    root, db = tmp_path / "music", tmp_path / "catalog.db"
    shutil.copytree(made.root, root)
    shutil.copy(made.db, db)
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE roots SET path = ?", (bytes(root),))
    connection.close()
    return Made(root, db)


@pytest.fixture(scope="session")
def settings(made: Made, tmp_path_factory: pytest.TempPathFactory) -> ServeSettings:
    return ServeSettings(
        catalog_url=str(made.db),
        spool=tmp_path_factory.mktemp("spool"),
        limits=UploadLimits(max_bytes=4 * 2**20, max_audio_s=120.0, wall_s=120.0),
    )


def app_of(settings: ServeSettings) -> Flask:
    """Return an application whose map is drawn."""
    app = create_app(settings)
    app.test_client().get("/api/map")
    app.extensions[STATE].map_worker.wait()
    return app


@pytest.fixture(scope="session")
def app(settings: ServeSettings) -> Flask:
    return app_of(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def client_of(settings: ServeSettings) -> Callable[..., FlaskClient]:
    """Return a maker of clients of an application with other settings."""

    def make(**changes: Any) -> FlaskClient:
        return app_of(replace(settings, **changes)).test_client()

    return make


@pytest.fixture(scope="session")
def audio_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a maker of one upload in each format, by its extension."""
    folder = tmp_path_factory.mktemp("uploads")
    wav = folder / "tone.wav"
    encode(music_like("Low", 99, 33), SR, wav, "wav")
    ffmpeg = shutil.which("ffmpeg")

    def make(extension: str) -> Path:
        path = folder / f"tone.{extension}"
        if path.exists():
            return path
        if ffmpeg is None:
            import imageio_ffmpeg

            command = imageio_ffmpeg.get_ffmpeg_exe()
        else:
            command = ffmpeg
        subprocess.run(
            [command, "-v", "error", "-i", wav, "-vn", path], check=True, timeout=60
        )
        return path

    return make


@dataclass(frozen=True)
class Served:
    """A live server."""

    url: str
    port: int


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Flask], Served]]:
    """Return what puts an application behind waitress on a free port."""
    from waitress.server import create_server

    running = []

    def start(app: Flask) -> Served:
        server = create_server(app, host="127.0.0.1", port=0, threads=6)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        return Served(
            f"http://127.0.0.1:{server.effective_port}", server.effective_port
        )

    yield start
    for server, thread in running:
        server.close()
        server.task_dispatcher.shutdown()
        thread.join(5)


@pytest.fixture(scope="session")
def served(serve: Callable[[Flask], Served], app: Flask) -> Served:
    return serve(app)
