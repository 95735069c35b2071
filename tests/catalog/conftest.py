"""A catalog on each kind of database, and records to put into it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog import library as tracks
from catalog.database import Catalog
from catalog.records import (
    Analysis,
    FeatureSetFacts,
    Sequence,
    StageCost,
    Stamp,
    StreamFacts,
    TagFacts,
    TrackScanned,
    Windows,
)
from catalog.schema import open_catalog

COLUMNS = (
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


class Make:
    """Records with plausible contents; every argument has a default."""

    names = (*COLUMNS, "mfcc_mean_0", "mfcc_mean_1")

    def feature_set(self, version: int = 1) -> FeatureSetFacts:
        return FeatureSetFacts(version, self.names, {"sr": 22050, "window_s": 30.0})

    def analysis(
        self, seed: int = 0, windows: int = 3, version: int = 1, **changed: Any
    ) -> Analysis:
        rng = np.random.default_rng(seed)
        facts: dict[str, Any] = {
            "feature_set": self.feature_set(version),
            "status": "ok",
            "duration_s": 30.0 + 10.0 * (windows - 1),
            "windows": Windows(
                start_s=np.arange(windows) * 10.0,
                duration_s=np.full(windows, 30.0),
                silent=np.zeros(windows, bool),
                columns={name: rng.random(windows) for name in COLUMNS},
                vectors=rng.random((windows, len(self.names)), np.float32),
            ),
            "sequences": (
                Sequence("chroma", 2.0, self._halves(rng, 40, 12)),
                Sequence("logmel", 2.0, self._halves(rng, 40, 40)),
            ),
            "loudness_lufs": -10.0 - seed,
            "decoder": "libsndfile",
            "audio_facts": {"upper_edge_hz": 16000.0},
            "costs": (StageCost("decode", 0.25, 0.5), StageCost("hpss", 1.0, 1.5)),
        }
        return Analysis(**{**facts, **changed})

    def scanned(
        self, root_id: int, path: bytes = b"a.mp3", **changed: Any
    ) -> TrackScanned:
        facts: dict[str, Any] = {
            "stamp": Stamp(1000, 1_700_000_000_000_000_001),
            "payload_hash": path.hex()[:32] or "0",
            "tags": TagFacts(title="One", artists=("Metallica",), album="Justice"),
            "stream": StreamFacts(codec="mp3", bitrate=192000, duration_s=50.0),
        }
        return TrackScanned(root_id=root_id, path=path, **{**facts, **changed})

    def _halves(
        self, rng: np.random.Generator, steps: int, dims: int
    ) -> NDArray[np.float16]:
        return rng.random((steps, dims), np.float32).astype(np.float16)


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server on a private socket; give the folder of the socket."""
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    programs = _server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    user = _unprivileged()
    home = Path(tempfile.mkdtemp(prefix="sonicat-pg-", dir="/tmp"))
    try:
        if user is not None:
            shutil.chown(home, user)
        data = home / "data"
        _run(user, home, programs / "initdb", "-D", data, "-U", "sonicat", "-E", "UTF8")
        options = (
            f"-c listen_addresses='' -c fsync=off -c full_page_writes=off -k {home}"
        )
        control = (programs / "pg_ctl", "-D", data, "-w", "-l", home / "log")
        _run(user, home, *control, "-o", options, "start")
        try:
            yield str(home)
        finally:
            _run(user, home, *control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one empty catalog to copy: making each anew would take most of the time."""
    path = tmp_path_factory.mktemp("empty") / "catalog.db"
    open_catalog(str(path)).close()
    return path


@pytest.fixture(scope="session")
def emptied_database(postgres: str) -> Iterator[str]:
    """Make one catalog on the server for all tests: each leaves it empty."""
    with _database(postgres) as url:
        open_catalog(url).close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a new database of each kind, without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'catalog.db'}"
    else:
        with _database(request.getfixturevalue("postgres")) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog(request: pytest.FixtureRequest) -> Catalog:
    """Give an empty catalog on each kind of database."""
    kind = "sqlite_catalog" if request.param == "sqlite" else "postgres_catalog"
    return request.getfixturevalue(kind)


@pytest.fixture
def sqlite_catalog(tmp_path: Path, empty_file: Path) -> Iterator[Catalog]:
    """Give an empty catalog in a SQLite file."""
    path = tmp_path / "catalog.db"
    shutil.copyfile(empty_file, path)
    with open_catalog(str(path)) as opened:
        yield opened


@pytest.fixture
def postgres_catalog(emptied_database: str) -> Iterator[Catalog]:
    """Give an empty catalog on a server."""
    from catalog.model_base import Base

    with open_catalog(emptied_database) as opened:
        yield opened
        tables = ", ".join(Base.metadata.tables)
        opened.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


@pytest.fixture
def root_id(catalog: Catalog) -> int:
    """Give the number of a root in the catalog."""
    return tracks.ensure_root(catalog, b"/music").id


@pytest.fixture
def dump() -> Callable[[Catalog], dict[str, list[tuple[Any, ...]]]]:
    """Return everything that stands in a catalog, by table, for comparing."""
    from catalog.model_base import Base

    def rows_of(catalog: Catalog) -> dict[str, list[tuple[Any, ...]]]:
        return {
            table.name: sorted(catalog.rows(f"SELECT * FROM {table.name}"), key=repr)
            for table in Base.metadata.sorted_tables
        }

    return rows_of


@contextmanager
def _database(socket: str) -> Iterator[str]:
    """Make a database, give its URL, remove it."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"host={socket} user=sonicat dbname=postgres") as admin:
        admin.autocommit = True
        admin.execute(f'CREATE DATABASE "{name}"')
        yield f"postgresql+psycopg://sonicat@/{name}?host={socket}"
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _server_programs() -> Path | None:
    """Return the folder of the newest server's programs."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders += [Path(found).parent] if found else []
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _unprivileged() -> str | None:
    """Return whom to run the server as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in users), None)


def _run(user: str | None, cwd: Path, *command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=user,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # no pipe: the server would keep it open
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"{command[0]} ended with status {done.returncode}")
