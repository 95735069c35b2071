"""Find the audio files of a library, in a stable order."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from scanner.audio.files import cause, open_path, regular_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Report = Callable[[bytes, str], None]

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
    paths: Iterable[bytes | str | os.PathLike[str]], *, report: Report
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
    report : callable (path, reason)
        Told of what cannot be read; the walk goes on.
    """
    folders, files = _roots(paths, report)
    visit = _Visit(report)
    for root in folders:
        yield from visit.tree(root, b"")
    while visit.links:
        yield from visit.tree(*visit.links.pop(0))
    outer = tuple(os.path.join(os.path.realpath(folder), b"") for folder in folders)
    for path in files:
        if not os.path.realpath(path).startswith(outer):
            yield from visit.single(path)


def _roots(
    paths: Iterable[bytes | str | os.PathLike[str]], report: Report
) -> tuple[list[bytes], list[bytes]]:
    """Split `paths` into folders none of which is inside another, and files."""
    folders: dict[bytes, bytes] = {}
    files: dict[bytes, bytes] = {}
    for given in paths:
        path = os.path.abspath(os.fsencode(given))
        try:
            fd = open_path(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            report(path, cause(error))
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


class _Visit:
    """One walk: the folders seen so far, and the links kept for the end."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.links: list[tuple[bytes, bytes]] = []
        self._seen: set[tuple[int, int]] = set()

    def tree(self, root: bytes, start: bytes) -> Iterator[FoundFile]:
        """Yield the files of `root` below the relative path `start`."""
        waiting = [start]
        while waiting:
            relative = waiting.pop()
            try:
                files, folders = self._folder(root, relative)
            except OSError as error:
                self.report(os.path.join(root, relative), cause(error))
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
            self.report(path, cause(error))
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
        if key in self._seen:
            return False
        self._seen.add(key)
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
                self.report(os.path.join(root, path), cause(error))
        return files, folders

    def _file(
        self, root: bytes, path: bytes, name: bytes, entry: os.DirEntry[str]
    ) -> FoundFile | None:
        if name.startswith(b"._"):
            return None
        _, _, suffix = name.rpartition(b".")
        suffix = suffix.lower()
        if suffix in OTHER_SUFFIXES or not entry.is_file():
            if suffix in AUDIO_SUFFIXES and entry.is_symlink():
                entry.stat()  # a broken link says so here
            return None
        if suffix not in AUDIO_SUFFIXES and not _looks_like_audio(root, path):
            return None
        status = entry.stat()
        return FoundFile(root, path, status.st_size, status.st_mtime_ns)


def _looks_like_audio(root: bytes, path: bytes) -> bool:
    from scanner.identify import HEAD, sniff  # noqa: PLC0415 (for odd names only)

    with regular_file(os.path.join(root, path)) as fd:
        return sniff(os.pread(fd, HEAD, 0))
