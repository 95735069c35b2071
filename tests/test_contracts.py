"""The import contracts of setup.cfg catch what they forbid."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("sonicat", "webapp", "classify", "scanner", "catalog", "migrations")

PLANTED = {
    "each package rests on those below it": {
        "catalog/planted_layer.py": "import scanner.settings\n",
    },
    "No folder goes in circles": {
        "webapp/planted_one.py": "import webapp.planted_two\n",
        "webapp/planted_two.py": (
            "def late():\n    from webapp import planted_one\n    return planted_one\n"
        ),
    },
    "Feature code is arrays in, arrays out": {
        "scanner/features/planted_click.py": "import click\n",
    },
    "Only catalog and migrations speak SQL": {
        "classify/planted_sql.py": "import sqlalchemy\n",
    },
    "Only scanner.tags reads tags": {
        "classify/planted_tags.py": "import mutagen\n",
    },
    "Only scanner.audio decodes": {
        "classify/planted_audio.py": "import soundfile\n",
    },
}
"""A violation for each contract: files that the tree does not have."""


def lint(folder: Path) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_planted_violation_of_each_contract_is_caught(tmp_path: Path) -> None:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    for files in PLANTED.values():
        for name, text in files.items():
            (tmp_path / name).write_text(text)
    said = " ".join(lint(tmp_path).split())
    for contract in PLANTED:
        assert f"{contract} BROKEN" in said, said
    assert f"0 kept, {len(PLANTED)} broken" in said
