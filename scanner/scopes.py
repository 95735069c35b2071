"""Which roots a scan is about, and which part of each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from catalog.text import readable
from scanner.exceptions import PathMissingError
from scanner.walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scanner.walk import FoundFile


class Scope(NamedTuple):
    """A root and the part of it to look at.

    Attributes
    ----------
    root : bytes
        Absolute path of the root, links resolved.
    below : bytes
        A folder or file below the root; empty: all of it.
    """

    root: bytes
    below: bytes = b""

    @property
    def path(self) -> bytes:
        """Absolute path of the part."""
        return os.path.join(self.root, self.below) if self.below else self.root

    def covers(self, path: bytes) -> bool:
        """Say whether `path`, relative to the root, belongs to the part."""
        return is_inside(path, self.below)


def is_inside(path: bytes, folder: bytes) -> bool:
    """Say whether `path` is `folder` or below it; everything is below ``b""``."""
    return not folder or path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def relative(path: bytes, folder: bytes) -> bytes:
    """Return `path`, which is inside `folder`, as seen from there."""
    return path[len(folder.rstrip(b"/")) + 1 :]


def resolve(paths: Iterable[bytes], roots: Sequence[bytes]) -> list[Scope]:
    """Turn the paths that were given into scopes, none inside another.

    A path inside a known root is a part of that root; any other folder becomes a
    root of its own, and so does the folder of any other file.

    Parameters
    ----------
    paths : iterable of bytes
    roots : sequence of bytes
        Roots that the catalog knows, absolute.

    Raises
    ------
    PathMissingError
        If a path does not exist and is no known root either.
    """
    real = list(dict.fromkeys(os.path.realpath(path) for path in paths))
    outer = [
        path
        for path in real
        if not any(other != path and is_inside(path, other) for other in real)
    ]
    return [_scope(path, roots) for path in outer]


def _scope(path: bytes, roots: Sequence[bytes]) -> Scope:
    # The shortest: a root inside another has been taken over by the outer one.
    holder = min((r for r in roots if is_inside(path, r)), key=len, default=None)
    if holder is not None and (path == holder or os.path.lexists(path)):
        return Scope(holder, relative(path, holder))
    if os.path.isdir(path):
        return Scope(path)
    if os.path.lexists(path):
        folder, name = os.path.split(path)
        return Scope(folder, name)
    raise PathMissingError(readable(path))


def known_scopes(roots: Iterable[bytes]) -> list[Scope]:
    """Return every known root as a scope, those inside another left out."""
    return [Scope(root) for root in outermost(roots)]


def outermost(roots: Iterable[bytes]) -> list[bytes]:
    """Return the roots that are inside no other."""
    known = list(roots)
    return [
        root
        for root in known
        if not any(other != root and is_inside(root, other) for other in known)
    ]


def walk_scopes(
    scopes: Sequence[Scope],
    unreadable: list[tuple[bytes, str]],
    on_found: Callable[[int], None],
) -> dict[bytes, list[FoundFile]]:
    """Return the files that are there, by root and with paths below it.

    Parameters
    ----------
    scopes : sequence of Scope
        None inside another.
    unreadable : list
        Is added what could not be looked into, with the reason.
    on_found : callable
        Told from time to time how many files were found.
    """
    holders = {scope.path: scope for scope in scopes}
    # Of a single file, the walk takes its folder for the root.
    holders |= {
        os.path.dirname(scope.path): scope._replace(below=os.path.dirname(scope.below))
        for scope in scopes
        if scope.below and not os.path.isdir(scope.path)
    }
    found: dict[bytes, list[FoundFile]] = {scope.root: [] for scope in scopes}
    paths = [scope.path for scope in scopes]
    count = 0
    for seen in walk(paths, report=lambda path, why: unreadable.append((path, why))):
        scope = holders[seen.root]
        file = seen
        if scope.below:
            path = os.path.join(scope.below, seen.path)
            file = seen._replace(root=scope.root, path=path)
        found[scope.root].append(file)
        count += 1
        if count % 1000 == 0:
            on_found(count)
    on_found(count)
    return found
