"""The pictures' colours: Okabe and Ito's, which colour-blind readers tell apart.

Okabe and Ito 2008, "Color universal design"; black is replaced by grey, so that the
same eight serve on light and on dark.
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

STEPS = 10
"""Classes q0 to q10 shade a cell from nothing to full."""

STYLE = (
    ".picture{--ink:#1b1f24;--soft:#5b6570;--line:#d5dae0;max-width:100%;height:auto;"
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "@media(prefers-color-scheme:dark){"
    ".picture{--ink:#e8eaed;--soft:#a4adb8;--line:#3a424c}}"
    ".picture text{fill:var(--ink);font-size:12px}"
    ".picture .soft{fill:var(--soft);font-size:11px}"
    ".picture .grid{stroke:var(--line);stroke-width:1;fill:none}"
    ".picture .whisker{stroke:var(--ink);stroke-width:1.4;fill:none}"
    ".picture .cell{fill:#0072b2;stroke:var(--line)}"
    ".picture .light{fill:#fff}"
    + "".join(
        f".picture .s{i}{{fill:{colour}}}"
        f".picture .l{i}{{fill:none;stroke:{colour};stroke-width:2}}"
        for i, colour in enumerate(SERIES)
    )
    + "".join(f".picture .q{i}{{fill-opacity:{i / STEPS:g}}}" for i in range(STEPS + 1))
)


def standalone(picture: str) -> str:
    """Return a picture as a file of its own, its colours inside."""
    start = picture.index(">") + 1
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"{picture[:start]}<style>{STYLE}</style>{picture[start:]}\n"
    )
