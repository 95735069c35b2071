"""The pictures' colours: Okabe and Ito's, which colour-blind readers tell apart.

Okabe and Ito 2008, "Color universal design"; black is replaced by grey, so that the
same eight serve on light and on dark. Three of them are pale on white (2.2 to 2.4 to
one): a thin edge in the ink's colour bounds every mark.
"""

from __future__ import annotations

SERIES = (
    "#0072b2",  # blue
    "#e69f00",  # orange
    "#009e73",  # green
    "#cc79a7",  # purple
    "#d55e00",  # vermilion
    "#56b4e9",  # sky
    "#b8a800",  # yellow, darkened to be seen on white
    "#8a8a8a",  # grey
)

LINES = (0, 4, 2, 7)
"""The series that a thin line may have, since it has no edge: seen on white, too."""

STEPS = 10
"""Classes q0 to q10 shade a cell from nothing to full."""

LIGHT = {
    "page": "#ffffff",
    "ink": "#1b1f24",
    "soft": "#57616c",
    "line": "#d5dae0",
    "count": "#000000",
}
DARK = {
    "page": "#14171b",
    "ink": "#e8eaed",
    "soft": "#a4adb8",
    "line": "#3a424c",
    "count": "#ffffff",
}
EDGE_OPACITY = 0.6
FULL = "#ffffff"
"""Ink on a cell of the darkest shade, on any page."""

_RULES = (
    ".picture text{fill:var(--ink);font-size:12px}"
    ".picture .soft{fill:var(--soft);font-size:11px}"
    ".picture .grid{stroke:var(--line);stroke-width:1;fill:none}"
    ".picture .whisker{stroke:var(--ink);stroke-width:1.4;fill:none}"
    f".picture .cell{{fill:{SERIES[0]};stroke:var(--line)}}"
    ".picture .count{fill:var(--count)}"
    f".picture .full{{fill:{FULL}}}"
    ".picture .edge{stroke:var(--ink);stroke-width:.7;"
    f"stroke-opacity:{EDGE_OPACITY}}}"
    + "".join(
        f".picture .s{i}{{fill:{colour}}}"
        f".picture .l{i}{{fill:none;stroke:{colour};stroke-width:2}}"
        for i, colour in enumerate(SERIES)
    )
    + "".join(f".picture .q{i}{{fill-opacity:{i / STEPS:g}}}" for i in range(STEPS + 1))
)


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


STYLE = (
    f".picture{{{_variables(LIGHT)}max-width:100%;height:auto;"
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "@media(prefers-color-scheme:dark){"
    f".picture{{{_variables(DARK)}}}}}{_RULES}"
)
"""For pictures inside a page: they follow its scheme."""


def standalone(picture: str) -> str:
    """Return a picture as a file of its own: dark on white, as on paper.

    Its colours stand inside without variables, which programs that draw SVG
    (librsvg, Inkscape) do not know.
    """
    rules = _RULES
    for name, colour in LIGHT.items():
        rules = rules.replace(f"var(--{name})", colour)
    start = picture.index(">") + 1
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"{picture[:start]}<style>.picture{{font-family:Helvetica,Arial,sans-serif}}"
        f'{rules}</style><rect width="100%" height="100%" fill="{LIGHT["page"]}"/>'
        f"{picture[start:]}\n"
    )
