"""Text that any database, terminal and JSON reader can take."""

from __future__ import annotations


def readable(path: bytes) -> str:
    r"""Return a path as text: what is no UTF-8 or cannot be printed is escaped.

    Examples
    --------
    >>> readable(b"Mot\xc3\xb6rhead/Ace\n.mp3"), readable(b"caf\xe9")
    ('Motörhead/Ace\\n.mp3', 'caf\\xe9')
    """
    text = path.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def storable(text: str) -> str:
    r"""Return text without what PostgreSQL refuses: NUL and lone surrogates.

    Examples
    --------
    >>> storable("a\x00b")
    'a\ufffdb'
    """
    if is_storable(text):  # nearly always
        return text
    text = text.replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8")


def is_storable(text: str) -> bool:
    r"""Tell whether any database takes the text as it is.

    Examples
    --------
    >>> is_storable("Mot\u00f6rhead"), is_storable("a\x00b"), is_storable("\udce9")
    (True, False, False)
    """
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
