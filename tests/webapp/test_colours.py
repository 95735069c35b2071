"""Tests of the contrast of all colours by WCAG 2.1."""

# Ratios of WCAG 2.1: 4.5 for letters (1.4.3), 3 for marks (1.4.11).

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from classify.reports.charts.svg import (
    DARK,
    EDGE_OPACITY,
    FULL,
    LIGHT,
    LINES,
    SERIES,
    STEPS,
)

STATIC = files("webapp") / "static"
CSS = (STATIC / "page.css").read_text(encoding="utf-8")
SCHEMES = {"light": LIGHT, "dark": DARK}
LETTERS, MARKS = 4.5, 3.0


def luminance(colour: str) -> float:
    parts = []
    for i in (1, 3, 5):
        v = int(colour[i : i + 2], 16) / 255
        parts.append(v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def ratio(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(top: str, below: str, share: float) -> str:
    parts = []
    for i in (1, 3, 5):
        one, other = (int(colour[i : i + 2], 16) for colour in (top, below))
        parts.append(f"{round(one * share + other * (1 - share)):02x}")
    return "#" + "".join(parts)


def variables(scheme: str) -> dict[str, str]:
    """Return the colours of the style sheet in one scheme."""
    blocks = re.findall(r":root\{([^}]*)\}", CSS)
    text = blocks[0] + (blocks[1] if scheme == "dark" else "")
    return {
        name: "#" + "".join(2 * c for c in value) if len(value) == 3 else f"#{value}"
        for name, value in re.findall(r"--(\w+):#([0-9a-f]{3,6})", text)
    }


def test_the_known_ratios_are_computed() -> None:
    assert ratio("#000000", "#ffffff") == pytest.approx(21)
    assert ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_letters_can_be_read(scheme: str) -> None:
    known = variables(scheme)
    for ink in ("ink", "soft", "link", "bad"):
        for page in ("page", "raised"):
            assert ratio(known[ink], known[page]) >= LETTERS, (ink, page)
    picture = SCHEMES[scheme]
    for ink in ("ink", "soft"):
        assert ratio(picture[ink], known["page"]) >= LETTERS
    for step in range(STEPS + 1):
        cell = over(SERIES[0], known["page"], step / STEPS)
        ink = FULL if step == STEPS else picture["count"]
        assert ratio(ink, cell) >= LETTERS, step


@pytest.mark.parametrize("scheme", SCHEMES)
def test_marks_and_the_focus_can_be_seen(scheme: str) -> None:
    known = variables(scheme)
    assert ratio(known["focus"], known["page"]) >= MARKS
    assert ratio(known["focus"], known["raised"]) >= MARKS
    edge = over(known["ink"], known["page"], EDGE_OPACITY)
    assert ratio(edge, known["page"]) >= MARKS  # around every mark, pale or not
    for i in LINES:
        assert ratio(SERIES[i], known["page"]) >= MARKS, SERIES[i]


def test_page_map_and_pictures_have_the_same_colours() -> None:
    light, dark = variables("light"), variables("dark")
    assert [light[f"c{i}"] for i in range(len(SERIES))] == list(SERIES)
    script = (STATIC / "palette.js").read_text(encoding="utf-8")
    first = script[script.index("SERIES = [") :].partition("]")[0]
    assert re.findall(r"#[0-9a-f]{6}", first) == list(SERIES)
    for name in ("page", "ink", "soft", "line"):
        assert (LIGHT[name], DARK[name]) == (light[name], dark[name]), name
