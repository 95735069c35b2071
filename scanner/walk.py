"""The audio files below the folders of a scan, in a stable order."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from catalog.database import readable
from scanner.audio.files import HEAD, cause, is_audio_like, open_path, regular_file
from scanner.exceptions import PathMissingError

OnError = Callable[[bytes, str], None]

AUDIO_SUFFIXES = frozenset(
    b"mp3 mp2 flac ogg oga opus m4a m4b m4p aac alac wav wave rf64 w64 aif aiff aifc"
    b" wma asf ape wv mp4 webm mka mpc mp+ mpp tta dsf caf au snd".split()
)
# Never opened: a rescan must not read every cover of a library to learn that it is one.
OTHER_SUFFIXES = frozenset(
    b"jpg jpeg png gif bmp webp tif tiff svg ico psd txt md rtf doc docx odt pdf epub"
    b" html htm xml json yml yaml ini cfg conf csv tsv cue log m3u m3u8 pls xspf wpl"
    b" asx nfo sfv md5 sha1 sha256 ffp st5 accurip url lnk desktop db sqlite dat bak"
    b" tmp part crdownload torrent zip rar 7z gz bz2 xz tar tgz iso bin exe dll so py"
    b" sh bat js css lrc srt ass sub idx mid midi kar mkv avi mov mpg mpeg m4v wmv flv"
    b" vob ts".split()
)
_JUNK_FOLDERS = frozenset(
    name.encode()
    for name in (
        ".AppleDouble",
        ".DocumentRevisions-V100",
        ".Spotlight-V100",
        ".TemporaryItems",
        ".Trash",
        ".Trashes",
        ".cache",
        ".fseventsd",
        ".git",
        ".stversions",
        ".thumbnails",
        "#recycle",
        "$RECYCLE.BIN",
        "@eaDir",
        "System Volume Information",
        "__MACOSX",
        "lost+found",
    )
)


class FoundFile(NamedTuple):
    """A file that is, by name or content, worth trying as audio.

    Attributes
    ----------
    root : bytes
        Absolute path of the folder that was given; of a single file, its folder.
    path : bytes
        Path below `root`.
    size : int
        In bytes.
    mtime_ns : int
        Time of the last change, nanoseconds since 1970.
    """

    root: bytes
    path: bytes
    size: int
    mtime_ns: int


def walk(
    paths: Iterable[bytes | str | os.PathLike[str]], *, on_error: OnError
) -> Iterator[FoundFile]:
    """Yield the audio files in and below `paths`, each once.

    Files of a folder come first, sorted by their bytes, then its folders likewise.
    Links to folders are followed, but last, and no folder is entered twice: a link
    never takes the place of the real folder, and a loop ends. Pipes, sockets, devices,
    AppleDouble files (``._*``) and folders of trash and thumbnails are passed over.

    Parameters
    ----------
    paths : iterable of path
        Folders and single files. One inside another is read as part of the outer.
    on_error : callable (path, reason)
        Told of what cannot be read; the walk goes on.
    """
    folders, files = _roots(paths, on_error)
    walking = _Walk(on_error)
    for root in folders:
        yield from walking.tree(root, b"")
    while walking.links:
        yield from walking.tree(*walking.links.pop(0))
    outer = tuple(os.path.join(os.path.realpath(folder), b"") for folder in folders)
    for path in files:
        if not os.path.realpath(path).startswith(outer):
            yield from walking.single(path)


def _roots(
    paths: Iterable[bytes | str | os.PathLike[str]], on_error: OnError
) -> tuple[list[bytes], list[bytes]]:
    """Split `paths` into folders none of which is inside another, and files."""
    folders: dict[bytes, bytes] = {}
    files: dict[bytes, bytes] = {}
    for given in paths:
        path = os.path.abspath(os.fsencode(given))
        try:
            fd = open_path(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            on_error(path, cause(error))
            continue
        is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        os.close(fd)
        target = folders if is_folder else files
        target.setdefault(os.path.realpath(path), path)
    inside = [
        real
        for real in folders
        if any(
            real != other and real.startswith(os.path.join(other, b""))
            for other in folders
        )
    ]
    for real in inside:
        del folders[real]
    return list(folders.values()), list(files.values())


class _Walk:
    """One walk: the folders entered so far, and the links kept for the end."""

    def __init__(self, on_error: OnError) -> None:
        self._on_error = on_error
        self.links: list[tuple[bytes, bytes]] = []
        self._entered: set[tuple[int, int]] = set()

    def tree(self, root: bytes, start: bytes) -> Iterator[FoundFile]:
        """Yield the files of `root` below the relative path `start`."""
        waiting = [start]
        while waiting:
            relative = waiting.pop()
            try:
                files, folders = self._folder(root, relative)
            except OSError as error:
                self._on_error(os.path.join(root, relative), cause(error))
                continue
            yield from files
            waiting.extend(reversed(folders))

    def single(self, path: bytes) -> Iterator[FoundFile]:
        """Yield the file `path`, whatever its name says."""
        root, name = os.path.split(path)
        try:
            with regular_file(path) as fd:
                status = os.fstat(fd)
        except OSError as error:
            self._on_error(path, cause(error))
            return
        yield FoundFile(root, name, status.st_size, status.st_mtime_ns)

    def _folder(
        self, root: bytes, relative: bytes
    ) -> tuple[list[FoundFile], list[bytes]]:
        # By descriptor: the kernel need not follow the whole path for every file.
        fd = open_path(
            os.path.join(root, relative) if relative else root,
            os.O_RDONLY | os.O_DIRECTORY,
        )
        try:
            if not self._is_new(os.fstat(fd)):
                return [], []
            with os.scandir(fd) as entries:
                return self._sort(root, relative, entries)
        finally:
            os.close(fd)

    def _is_new(self, status: os.stat_result) -> bool:
        key = (status.st_dev, status.st_ino)
        if key in self._entered:
            return False
        self._entered.add(key)
        return True

    def _sort(
        self, root: bytes, relative: bytes, entries: Iterable[os.DirEntry[str]]
    ) -> tuple[list[FoundFile], list[bytes]]:
        prefix = relative + b"/" if relative else b""
        files: list[FoundFile] = []
        folders: list[bytes] = []
        encode = os.fsencode
        for name, entry in sorted([(encode(entry.name), entry) for entry in entries]):
            path = prefix + name
            try:
                if entry.is_dir():
                    if name in _JUNK_FOLDERS or name.startswith(b".Trash-"):
                        continue
                    if entry.is_symlink():
                        self.links.append((root, path))
                    else:
                        folders.append(path)
                elif found := self._file(root, path, name, entry):
                    files.append(found)
            except OSError as error:
                self._on_error(os.path.join(root, path), cause(error))
        return files, folders

    def _file(
        self, root: bytes, path: bytes, name: bytes, entry: os.DirEntry[str]
    ) -> FoundFile | None:
        if name.startswith(b"._"):
            return None
        _, _, suffix = name.rpartition(b".")
        suffix = suffix.lower()
        if suffix in OTHER_SUFFIXES or not entry.is_file():
            if suffix not in OTHER_SUFFIXES and entry.is_symlink():
                entry.stat()  # a link that leads nowhere says so here
            return None
        if suffix not in AUDIO_SUFFIXES and not _looks_like_audio(root, path):
            return None
        status = entry.stat()
        return FoundFile(root, path, status.st_size, status.st_mtime_ns)


def _looks_like_audio(root: bytes, path: bytes) -> bool:
    with regular_file(os.path.join(root, path)) as fd:
        return is_audio_like(os.pread(fd, HEAD, 0))


def is_gone(path: bytes) -> bool:
    """Say whether nothing is at a path, rather than something that is out of reach."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


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


def relative_path(path: bytes, folder: bytes) -> bytes:
    """Return `path`, which is inside `folder`, as seen from there."""
    return path[len(folder.rstrip(b"/")) + 1 :]


def resolve_scopes(paths: Iterable[bytes], roots: Sequence[bytes]) -> list[Scope]:
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
        return Scope(holder, relative_path(path, holder))
    if os.path.isdir(path):
        return Scope(path)
    if os.path.lexists(path):
        folder, name = os.path.split(path)
        return Scope(folder, name)
    raise PathMissingError(readable(path))


def outermost_roots(roots: Iterable[bytes]) -> list[bytes]:
    """Return the roots that are inside no other."""
    known = list(roots)
    return [
        root
        for root in known
        if not any(other != root and is_inside(root, other) for other in known)
    ]


class Found(NamedTuple):
    """What a walk found.

    Attributes
    ----------
    files : dict of bytes to list of FoundFile
        By root, with paths below it; a root without files has an empty list.
    unreadable : list of (path, reason)
        What could not be looked into.
    total : int
        Number of the files.
    """

    files: dict[bytes, list[FoundFile]]
    unreadable: list[tuple[bytes, str]]
    total: int


def walk_scopes(scopes: Sequence[Scope], on_progress: Callable[[int], None]) -> Found:
    """Return the files that are there.

    Parameters
    ----------
    scopes : sequence of Scope
        None inside another.
    on_progress : callable
        Told from time to time how many files were found.
    """
    holders = {scope.path: scope for scope in scopes}
    # Of a single file, the walk takes its folder for the root.
    holders |= {
        os.path.dirname(scope.path): scope._replace(below=os.path.dirname(scope.below))
        for scope in scopes
        if scope.below and not os.path.isdir(scope.path)
    }
    files: dict[bytes, list[FoundFile]] = {scope.root: [] for scope in scopes}
    unreadable: list[tuple[bytes, str]] = []
    paths = [scope.path for scope in scopes]
    count = 0
    for file in walk(paths, on_error=lambda path, why: unreadable.append((path, why))):
        root, below = holders[file.root]
        if below:
            path = os.path.join(below, file.path)
            files[root].append(file._replace(root=root, path=path))
        else:
            files[root].append(file)
        count += 1
        if count % 1000 == 0:
            on_progress(count)
    on_progress(count)
    return Found(files, unreadable, count)
