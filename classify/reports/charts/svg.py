"""SVG elements, colours and styles of the charts."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

Number = float | int
_XML_CANNOT_HOLD = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")


def escape_text(value: object) -> str:
    """Return a value as text that XML can hold.

    >>> escape_text("AC/DC <live>")
    'AC/DC &lt;live&gt;'
    """
    clean = str(value).translate(_XML_CANNOT_HOLD)
    clean = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in clean)
    return escape(clean)


def element(name: str, *inside: str, **attributes: Number | str | None) -> str:
    """Return an element; ``class_`` and ``text_anchor`` stand for their SVG names.

    >>> element("rect", x=1, width=2.50, class_="s0")
    '<rect x="1" width="2.5" class="s0"/>'
    """
    pairs = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_plain(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    if not inside:
        return f"<{name}{pairs}/>"
    return f"<{name}{pairs}>{''.join(inside)}</{name}>"


def label(
    x: Number, y: Number, value: object, class_: str = "", anchor: str = "start"
) -> str:
    """Return a piece of text at a place."""
    return element(
        "text", escape_text(value), x=x, y=y, class_=class_ or None, text_anchor=anchor
    )


def titled_element(
    shape: str, *inside: str, title: str, **attributes: Number | str
) -> str:
    """Return an element that names itself when pointed at."""
    return element(shape, element("title", escape_text(title)), *inside, **attributes)


def figure(width: Number, height: Number, title: str, *inside: str) -> str:
    """Return a whole picture that scales with the page, described by its title."""
    return element(
        "svg",
        element("title", escape_text(title)),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_plain(width)} {_plain(height)}",
        width=width,
        height=height,
        role="img",
        class_="picture",
    )


def truncate(value: object, most: int) -> str:
    """Return text of at most `most` characters.

    >>> truncate("Master of Puppets", 9)
    'Master o…'
    """
    text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _plain(value: Number | str) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


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


def standalone_svg(picture: str) -> str:
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
