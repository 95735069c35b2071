"""Tests of every console example of the documentation."""

# Lines that begin with "$ " are commands; what follows is their output, matched as
# doctest matches it: "..." stands for anything, runs of blanks are equal. The blocks of
# one page run in order, in one empty folder, with an empty home.

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

REPO = Path(__file__).resolve().parents[2]
PAGES = sorted([REPO / "README.md", *(REPO / "docs").glob("*.md")])
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Example(NamedTuple):
    command: str
    expected: str


def examples(page: Path) -> list[Example]:
    found: list[Example] = []
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines(keepends=True):
            if line.startswith("$ "):
                found.append(Example(line[2:].strip(), ""))
            else:
                last = found[-1]
                found[-1] = Example(last.command, last.expected + line)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [p for p in PAGES if examples(p)], ids=lambda page: page.name
)
def test_console_blocks_print_what_they_show(page: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # numba's kernels may be reused; nothing else of the caller's surroundings.
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "COLUMNS": "100",
        "LANG": "C.UTF-8",
    }
    checker = doctest.OutputChecker()
    for command, expected in examples(page):
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        if expected.strip() and not checker.check_output(expected, done.stdout, FLAGS):
            shown = f"$ {command}\nexpected:\n{expected}\ngot:\n{done.stdout}"
            pytest.fail(shown)


def test_documentation_has_a_run_example() -> None:
    assert examples(REPO / "README.md")
