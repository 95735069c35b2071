"""The few SVG elements that the pictures are made of."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

Number = float | int
_XML_CANNOT_HOLD = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")


def text_of(value: object) -> str:
    """Return a value as text that XML can hold.

    >>> text_of("AC/DC <live>")
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
        "text", text_of(value), x=x, y=y, class_=class_ or None, text_anchor=anchor
    )


def titled(shape: str, *inside: str, title: str, **attributes: Number | str) -> str:
    """Return an element that names itself when pointed at."""
    return element(shape, element("title", text_of(title)), *inside, **attributes)


def figure(width: Number, height: Number, title: str, *inside: str) -> str:
    """Return a whole picture that scales with the page, described by its title."""
    return element(
        "svg",
        element("title", text_of(title)),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_plain(width)} {_plain(height)}",
        width=width,
        height=height,
        role="img",
        class_="picture",
    )


def cut(value: object, most: int) -> str:
    """Return text of at most `most` characters.

    >>> cut("Master of Puppets", 9)
    'Master o…'
    """
    text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _plain(value: Number | str) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
