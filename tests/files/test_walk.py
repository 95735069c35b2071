"""Every audio file is found once, in a stable order, whatever lies about."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from scanner.audio.files import PATH_LIMIT, open_path, regular_file
from scanner.walk import FoundFile, OnError, walk


def fail(path: bytes, reason: str) -> None:
    raise AssertionError(f"{path!r}: {reason}")


def found(*paths: Path | bytes, on_error: OnError = fail) -> list[FoundFile]:
    return list(walk(paths, on_error=on_error))


def names(*paths: Path | bytes) -> list[bytes]:
    return [file.path for file in found(*paths)]


def put(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    wanted = [b"b.mp3", b"z.flac", b"B/1.ogg", b"a/1.mp3", b"a/2.mp3", b"a/b/c.opus"]
    for name in random.Random(1).sample(wanted, len(wanted)):
        put(tmp_path / os.fsdecode(name))
    assert names(tmp_path) == wanted
    assert names(tmp_path) == wanted


def test_a_file_says_its_root_size_and_time(tmp_path: Path) -> None:
    path = put(tmp_path / "a" / "b.mp3", b"12345")
    os.utime(path, ns=(1, 987654321_123456789))
    assert found(tmp_path) == [
        FoundFile(bytes(tmp_path), b"a/b.mp3", 5, 987654321_123456789)
    ]


def test_suffixes_of_any_case_and_content_without_suffix(tmp_path: Path) -> None:
    put(tmp_path / "A.MP3")
    put(tmp_path / "cover.jpg", b"fLaC")  # never looked into
    put(tmp_path / "notes", b"some text")
    put(tmp_path / "song", b"fLaC" + bytes(40))
    put(tmp_path / "song.xyz", b"OggS" + bytes(40))
    put(tmp_path / "archive.xyz", b"PK\3\4")
    assert names(tmp_path) == [b"A.MP3", b"song", b"song.xyz"]


def test_album_folders_may_start_with_dots_but_junk_is_passed_over(
    tmp_path: Path,
) -> None:
    put(tmp_path / "...And Justice for All" / "01 Blackened.mp3")
    put(tmp_path / ".38 Special" / "1.mp3")
    for folder in (".Trash-1000", "@eaDir", "__MACOSX", ".git", "lost+found"):
        put(tmp_path / folder / "1.mp3")
    put(tmp_path / "._1.mp3")
    assert names(tmp_path) == [
        b"...And Justice for All/01 Blackened.mp3",
        b".38 Special/1.mp3",
    ]


def test_pipes_sockets_devices_and_folders_named_like_audio(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null.flac").symlink_to("/dev/null")
    put(tmp_path / "folder.mp3" / "in.mp3")
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's path is limited to 108 bytes: bind it by a relative one.
        code = "import socket; socket.socket(socket.AF_UNIX).bind('socket.ogg')"
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
        assert server
    assert names(tmp_path) == [b"folder.mp3/in.mp3"]


def test_a_pipe_is_refused_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    with (
        pytest.raises(OSError, match="regular"),
        regular_file(bytes(tmp_path / "pipe.mp3")),
    ):
        pass
    errors: list[bytes] = []
    assert (
        found(tmp_path / "pipe.mp3", on_error=lambda path, _: errors.append(path)) == []
    )
    assert errors == [bytes(tmp_path / "pipe.mp3")]


def test_loops_of_links_end_and_the_real_folder_wins(tmp_path: Path) -> None:
    put(tmp_path / "z" / "real.mp3")
    (tmp_path / "a-link").symlink_to(tmp_path / "z")
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    assert names(tmp_path) == [b"z/real.mp3"]


def test_links_to_folders_outside_are_followed_once(tmp_path: Path) -> None:
    put(tmp_path / "other" / "deep" / "1.mp3")
    library = tmp_path / "library"
    put(library / "0.mp3")
    (library / "one").symlink_to(tmp_path / "other")
    (library / "two").symlink_to(tmp_path / "other")
    assert names(library) == [b"0.mp3", b"one/deep/1.mp3"]


def test_a_broken_link_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "gone.mp3").symlink_to(tmp_path / "nowhere.mp3")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    errors: list[bytes] = []
    assert found(tmp_path, on_error=lambda path, _: errors.append(path)) == []
    assert errors == [bytes(tmp_path / "gone.mp3"), bytes(tmp_path / "self")]


@pytest.mark.parametrize(
    "name",
    [
        b"caf\xe9 \xff\xfe.mp3",
        b"new\nline\ttab.mp3",
        "\N{SNOWMAN}\N{PILE OF POO}.mp3".encode(),
        b"-rf.mp3",
        b" .mp3",
        b"x" * 251 + b".mp3",
    ],
)
def test_any_name_that_a_file_system_takes(tmp_path: Path, name: bytes) -> None:
    folder = os.path.join(bytes(tmp_path), name[:-4])
    os.mkdir(folder)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(b"x")
    assert names(tmp_path) == [name[:-4] + b"/" + name]


def test_composed_and_decomposed_names_are_two_files(tmp_path: Path) -> None:
    for name in (b"Mo\xcc\x88tley.mp3", b"M\xc3\xb6tley.mp3", b"motley.MP3"):
        with open(os.path.join(bytes(tmp_path), name), "wb"):
            pass
    assert len(names(tmp_path)) == 3


def test_paths_longer_than_the_kernel_takes(tmp_path: Path) -> None:
    """Folder in folder, until no system call takes the whole path at once."""
    here = os.open(tmp_path, os.O_RDONLY)
    part = b"d" * 250
    depth = PATH_LIMIT // 250 + 2
    for _ in range(depth):
        os.mkdir(part, dir_fd=here)
        deeper = os.open(part, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    fd = os.open(b"deep.mp3", os.O_CREAT | os.O_WRONLY, dir_fd=here)
    os.write(fd, b"audio")
    os.close(fd)
    os.close(here)
    (file,) = found(tmp_path)
    assert file.path == b"/".join([part] * depth + [b"deep.mp3"])
    assert len(file.path) > PATH_LIMIT
    whole = os.path.join(file.root, file.path)
    with regular_file(whole) as fd:
        assert os.pread(fd, 10, 0) == b"audio"
    with pytest.raises(FileNotFoundError):
        open_path(whole + b"x")


def test_a_root_given_twice_or_inside_another_is_walked_once(tmp_path: Path) -> None:
    put(tmp_path / "in" / "1.mp3")
    put(tmp_path / "2.mp3")
    (tmp_path.parent / f"{tmp_path.name}-link").symlink_to(tmp_path)
    twice = (
        tmp_path / "in",
        tmp_path,
        tmp_path / "in" / "1.mp3",
        tmp_path / "in" / "..",
        tmp_path.parent / f"{tmp_path.name}-link",
    )
    files = found(*twice)
    assert [file.path for file in files] == [b"2.mp3", b"in/1.mp3"]
    assert {file.root for file in files} == {bytes(tmp_path)}


def test_a_single_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    path = put(tmp_path / "cover.jpg")
    assert found(path) == [
        FoundFile(bytes(tmp_path), b"cover.jpg", 1, path.stat().st_mtime_ns)
    ]
    assert names(path, path) == [b"cover.jpg"]


def test_two_roots_with_a_common_beginning_are_two(tmp_path: Path) -> None:
    put(tmp_path / "music" / "1.mp3")
    put(tmp_path / "music2" / "2.mp3")
    assert names(tmp_path / "music", tmp_path / "music2") == [b"1.mp3", b"2.mp3"]


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    errors: list[tuple[bytes, str]] = []
    assert found(tmp_path / "no", on_error=lambda *what: errors.append(what)) == []
    assert errors == [(bytes(tmp_path / "no"), "No such file or directory")]


def test_an_unreadable_folder_is_an_error_and_the_rest_is_found() -> None:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    put(folder / "open" / "1.mp3")
    put(folder / "shut" / "2.mp3")
    (folder / "shut").chmod(0)
    errors: list[tuple[bytes, str]] = []
    if os.geteuid() == 0:  # nothing is unreadable to root
        os.seteuid(65534)
        try:
            files = found(folder, on_error=lambda *what: errors.append(what))
        finally:
            os.seteuid(0)
    else:
        files = found(folder, on_error=lambda *what: errors.append(what))
    (folder / "shut").chmod(0o700)
    shutil.rmtree(folder)
    assert [file.path for file in files] == [b"open/1.mp3"]
    assert errors == [(bytes(folder / "shut"), "Permission denied")]


def test_the_walk_opens_no_file_that_its_name_settles(tmp_path: Path) -> None:
    """A rescan of a large library costs one look at each file, no more."""
    for number in range(50):
        put(tmp_path / f"{number}.mp3")
        put(tmp_path / f"{number}.jpg")
    code = (
        "import sys\n"
        "from scanner.walk import walk\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(args[0])"
        " if event == 'open' else None)\n"
        "print(len(list(walk([sys.argv[1]], on_error=print))))\n"
        "print(len([p for p in opened if p[-4:] in (b'.mp3', b'.jpg')]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["50", "0"]


def test_a_scan_loads_nothing_heavy_up_to_where_files_are_read() -> None:
    """A rescan that finds nothing new would wait longer for it than for the walk."""
    heavy = {
        *("alembic", "av", "joblib", "librosa", "loky", "mutagen", "numba", "numpy"),
        *("scipy", "sklearn", "soundfile", "sqlalchemy", "tqdm"),
    }
    code = (
        "import sys, sonicat.main, sonicat.scan, scanner.pipeline, scanner.walk\n"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"sys_path = {sys.path!r}\nimport sys\n"
            f"sys.path[:] = sys_path + [{str(Path(__file__).parents[2])!r}]\n" + code,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
