"""A small library of real files, and the real command on it."""

from __future__ import annotations

import ctypes
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from catalog.records import TagFacts
from tests.tag_writer import write_tags

SR = 8000
_LIBC = ctypes.CDLL(None)


@dataclass
class Library:
    """A folder of music, made as the test goes along."""

    folder: Path

    def add(
        self, name: str | bytes, *, seed: int, seconds: float = 6.0, title: str = "One"
    ) -> Path:
        """Write a tagged file of noise; one seed, one sound."""
        path = self.folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).standard_normal(int(seconds * SR))
        plain = self.folder.with_suffix(path.suffix)  # libsndfile wants UTF-8
        soundfile.write(plain, 0.1 * noise, SR)
        plain.rename(path)
        self.tag(path, title)
        return path

    def tag(self, path: Path, title: str) -> None:
        """Change the tags of a file; its audio stays."""
        facts = TagFacts(
            title=title, artists=("Ann",), albumartist="Ann", album=path.parent.name
        )
        write_tags(os.fsencode(path), facts)


def as_anyone() -> None:
    """Give up root's right to read every file, in a process about to run a command."""
    drop_bounding_capability = 24
    for override in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        _LIBC.prctl(drop_bounding_capability, override, 0, 0, 0)


@dataclass
class Command:
    """`scan` as a process of its own, always on the same catalog."""

    db: Path

    def line(self, *arguments: object) -> list[str]:
        """Return the command line."""
        program = [sys.executable, "-m", "sonicat", "scan", "--db", str(self.db), "-j1"]
        return [*program, *map(os.fsdecode, map(_plain, arguments))]

    def __call__(
        self, *arguments: object, status: int = 0, tags_only: bool = False
    ) -> dict[str, Any]:
        """Run a scan to its end; return its summary."""
        more = ["--tags-only"] if tags_only else []
        done = self.run(*arguments, "--json", *more)
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a scan to its end, whatever that is, without the privileges of root."""
        return subprocess.run(
            self.line(*arguments),
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=300,
            check=False,
            preexec_fn=as_anyone if os.geteuid() == 0 else None,
        )

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start a scan and return at once."""
        return subprocess.Popen(
            self.line(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the catalog, with plain sqlite3."""
        with closing(sqlite3.connect(self.db)) as connection:
            return connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Any:
        """Return the one value that a query has."""
        ((value,),) = self.rows(sql, *values)
        return value

    def check(self) -> None:
        """See that the catalog is sound."""
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.rows("PRAGMA foreign_key_check") == []


def _plain(argument: object) -> str | bytes:
    return argument if isinstance(argument, bytes) else str(argument)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    folder = tmp_path / "music"
    folder.mkdir()
    return Library(folder)


@pytest.fixture
def scan(tmp_path: Path) -> Command:
    return Command(tmp_path / "catalog.db")
