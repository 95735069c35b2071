"""What holds for every module of the product: its size, its docstring, its imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("sonicat", "webapp", "classify", "scanner", "catalog", "migrations")
MODULES = sorted(p for name in PACKAGES for p in (ROOT / name).rglob("*.py"))
LONGEST = 450
MOST_INNER_IMPORTS = 40


def inner_imports(path: Path) -> Iterator[tuple[int, bool]]:
    """Yield the line of each import inside a function, and whether it says why."""
    source = path.read_text()
    lines = source.splitlines()
    tree = ast.parse(source)
    found = {
        node.lineno: node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    for number in sorted(found):
        # The reason may stand before the first of a block of imports.
        first = number
        while first - 1 in found or lines[first - 2].strip().startswith("from "):
            first -= 1
        above = lines[first - 2].strip()
        beside = re.search(r"noqa: [A-Z0-9, ]+(\S.*)", lines[number - 1])
        yield number, bool(beside) or above.startswith("#")


def test_no_module_is_too_long() -> None:
    sizes = {p: len(p.read_text().splitlines()) for p in MODULES}
    assert {p: n for p, n in sizes.items() if n > LONGEST} == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_docstring_names_the_module_in_one_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring is not None
    assert "\n" not in docstring
    assert docstring.endswith(".")
    assert not re.match(r"(What|Which|Where|How|When|Who|Whose)\b", docstring)


def test_imports_inside_functions_are_few_and_say_why() -> None:
    found = [(p, line, why) for p in MODULES for line, why in inner_imports(p)]
    assert len(found) <= MOST_INNER_IMPORTS
    assert [(str(p), line) for p, line, why in found if not why] == []
