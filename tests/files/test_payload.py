"""Tag edits leave a payload's hash alone; a byte of audio does not."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.apev2 import APEv2, delete
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, COMM, ID3, TIT2, TXXX, ID3NoHeaderError
from mutagen.mp4 import MP4, MP4Cover

from catalog.records import TagFacts
from scanner.audio.files import identify
from scanner.audio.payload import audio_spans, payload_hash
from scanner.exceptions import FileError, IdentifyError
from tests.tag_writer import write_tags

PICTURE = b"\xff\xd8\xff" + random.Random(0).randbytes(40_000)
TAGGED = (
    *("cbr.mp3", "bare.mp3", "a.flac", "a.ogg", "a.opus", "flac.oga"),
    *("aac.m4a", "fast.m4a", "alac.m4a", "a.mp4", "s16.wav", "a.aiff"),
    *("a.wma", "a.wv", "a.tta", "a.aac"),
)
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300)


def put_id3(path: Path, title: str, comment: str, *, version: int) -> None:
    try:
        tag = ID3(path)
    except ID3NoHeaderError:
        tag = ID3()
    tag.add(TIT2(encoding=3, text=title))
    tag.add(COMM(encoding=3, lang="eng", desc="", text=comment))
    tag.add(TXXX(encoding=3, desc="x", text=comment * 5))
    tag.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="", data=PICTURE))
    tag.save(path, v2_version=version, v1=2)


def put_text(path: Path, title: str, comment: str) -> None:
    audio = mutagen.File(path)
    if audio.tags is None:
        audio.add_tags()
    audio["title"] = [title]
    audio["comment"] = [comment]
    if isinstance(audio, FLAC):
        picture = Picture()
        picture.data = PICTURE
        picture.type = 3
        audio.add_picture(picture)
    audio.save(padding=lambda _: 5000)


def put_mp4(path: Path, title: str, comment: str) -> None:
    audio: Any = MP4(path)
    audio["©nam"] = [title]
    audio["©cmt"] = [comment * 20]
    audio["covr"] = [MP4Cover(PICTURE)]
    audio.save(padding=lambda _: 3000)


def put_ape(path: Path, title: str, comment: str) -> None:
    try:
        tag: Any = APEv2(path)
    except mutagen.apev2.APENoHeaderError:
        tag = APEv2()
    tag["Title"] = title or "-"
    tag["Comment"] = comment or "-"
    tag["Cover Art (Front)"] = mutagen.apev2.APEValue(PICTURE, mutagen.apev2.BINARY)
    tag.save(path)


def put_chunked(path: Path, title: str, comment: str) -> None:
    audio = mutagen.File(path)
    if audio.tags is None:
        audio.add_tags()
    audio.tags.add(TIT2(encoding=3, text=title))
    audio.tags.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="", data=PICTURE))
    audio.save()


def put_asf(path: Path, title: str, comment: str) -> None:
    audio = mutagen.File(path)
    audio["Title"] = title or "-"
    audio["Description"] = comment
    audio.save()


Edit = Callable[[Path, str, str], None]
EDITS: dict[str, tuple[Edit, ...]] = {
    "mp3": (
        lambda path, a, b: put_id3(path, a, b, version=3),
        lambda path, a, b: put_id3(path, a, b, version=4),
        put_ape,
        lambda path, *_: ID3(path).delete(path) if has_id3(path) else None,
        lambda path, *_: delete(path),
    ),
    "aac": (lambda path, a, b: put_id3(path, a, b, version=4), put_ape),
    "tta": (lambda path, a, b: put_id3(path, a, b, version=4), put_ape),
    "wavpack": (put_ape,),
    "flac": (put_text,),
    "ogg": (put_text,),
    "mp4": (put_mp4,),
    "wav": (put_chunked,),
    "aiff": (put_chunked,),
    "asf": (put_asf,),
}


def has_id3(path: Path) -> bool:
    return path.read_bytes()[:3] == b"ID3"


def container(path: Path) -> str:
    fd = os.open(path, os.O_RDONLY)
    try:
        return identify(fd).container
    finally:
        os.close(fd)


@pytest.mark.parametrize("name", TAGGED)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 9), text, text), min_size=1, max_size=4))
def test_any_tag_edit_leaves_the_hash_equal(
    samples: dict[str, Path],
    tmp_path: Path,
    name: str,
    edits: list[tuple[int, str, str]],
) -> None:
    path = tmp_path / name
    shutil.copyfile(samples[name], path)
    before = payload_hash(bytes(path))
    possible = EDITS[container(path)]
    for choice, title, comment in edits:
        possible[choice % len(possible)](path, title, comment)
        assert payload_hash(bytes(path)) == before


@pytest.mark.parametrize("name", TAGGED)
def test_growing_and_deleting_tags_leaves_the_hash_equal(
    samples: dict[str, Path], tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    shutil.copyfile(samples[name], path)
    before = payload_hash(bytes(path))
    for edit in EDITS[container(path)]:
        edit(path, "long " * 5000, "y" * 200_000)
        assert payload_hash(bytes(path)) == before
    if container(path) not in ("aac", "tta"):
        mutagen.File(path).delete()
        assert payload_hash(bytes(path)) == before


def test_writing_our_own_tags_leaves_the_hash_equal(
    samples: dict[str, Path], tmp_path: Path
) -> None:
    for name in TAGGED:
        if name in ("a.tta", "flac.oga"):
            continue
        path = tmp_path / name
        shutil.copyfile(samples[name], path)
        before = payload_hash(bytes(path))
        write_tags(bytes(path), TagFacts(title="New", artists=("A", "B"), album="C"))
        assert payload_hash(bytes(path)) == before, name


def test_any_changed_byte_of_audio_changes_the_hash(
    samples: dict[str, Path], tmp_path: Path
) -> None:
    rng = random.Random(2)
    for name, source in samples.items():
        data = source.read_bytes()
        with source.open("rb") as file:
            spans = list(audio_spans(file, container(source)))
        assert spans, name
        path = tmp_path / name
        path.write_bytes(data)
        before = payload_hash(bytes(path))
        # The first and the last byte of the audio, and some between.
        start, length = spans[-1]
        places = [spans[0][0] + 6, start, start + length - 1]
        places += [start + rng.randrange(length) for _ in range(3)]
        for place in places:
            changed = bytearray(data)
            changed[place] ^= 0x01
            path.write_bytes(changed)
            try:
                assert payload_hash(bytes(path)) != before, (name, place)
            except IdentifyError:
                assert place == start, name  # the magic itself was changed


def test_spans_cover_nearly_all_of_a_file_and_do_not_overlap(
    samples: dict[str, Path],
) -> None:
    for name, path in samples.items():
        with path.open("rb") as file:
            spans = list(audio_spans(file, container(path)))
        size = path.stat().st_size
        assert sum(length for _, length in spans) > 0.8 * size, name
        ends = [start + length for start, length in spans]
        assert all(
            end <= start for end, (start, _) in zip(ends, spans[1:], strict=False)
        )
        assert ends[-1] <= size, name


def test_different_audio_and_different_containers_differ(
    samples: dict[str, Path],
) -> None:
    same = ("a.mp4", "fast.m4a", "rf64.wav")
    names = [name for name in samples if name not in same]
    hashes = {payload_hash(bytes(samples[name])) for name in names}
    assert len(hashes) == len(names)
    # The same stream with the index in front of it, or with larger sizes.
    for one, other in (("aac.m4a", "fast.m4a"), ("s16.wav", "rf64.wav")):
        assert payload_hash(bytes(samples[one])) == payload_hash(bytes(samples[other]))


def test_a_file_without_any_audio_is_hashed_whole(tmp_path: Path) -> None:
    first, second = tmp_path / "1.m4a", tmp_path / "2.m4a"
    first.write_bytes(b"\0\0\0\x10ftypM4A \0\0\0\0")
    second.write_bytes(b"\0\0\0\x10ftypM4B \0\0\0\0")
    assert len(payload_hash(bytes(first))) == 32
    assert payload_hash(bytes(first)) != payload_hash(bytes(second))


def test_a_missing_file_is_an_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        payload_hash(bytes(tmp_path / "none.mp3"))


def test_a_large_file_is_hashed_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        form = b"fmt \x10\0\0\0\1\0\1\0\x44\xac\0\0\x88\x58\1\0\2\0\x10\0"
        size = 600 << 20
        head = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVE" + form
        file.write(head + b"data" + size.to_bytes(4, "little"))
        file.truncate(44 + size)
    code = (
        "import os, resource, sys\n"
        "from scanner.audio.payload import payload_hash\n"
        "resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))\n"
        "print(payload_hash(os.fsencode(sys.argv[1])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.strip()) == 32
