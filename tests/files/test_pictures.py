"""Pictures of 50 MB cost neither the audio nor the memory."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files.odd_lengths import id3_picture

PICTURE = 50 << 20
_MEASURE = """
import os, resource, sys
from scanner.audio.decode import AudioStream
from scanner.audio.files import audio_file
from scanner.audio.payload import read_payload
from scanner.tags.read import read_file_tags

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = peak()
with audio_file(os.fsencode(sys.argv[1])) as file:
    length = read_payload(file).length
    tags, _ = read_file_tags(file)
    with AudioStream(file, length) as audio:
        samples = sum(map(len, audio.blocks()))
print(tags.title, samples / audio.sample_rate, (peak() - before) // 1024)
"""


def with_id3(data: bytes) -> bytes:
    return id3_picture(PICTURE) + data


def with_apev2(data: bytes) -> bytes:
    """Put an APEv2 tag with a cover behind the audio, as foobar2000 may."""
    items = b""
    for key, value, flags in (
        (b"Title", b"A Title", 0),
        (b"Cover Art (Front)", b"front.png\0" + bytes(PICTURE), 2),
    ):
        items += struct.pack("<II", len(value), flags) + key + b"\0" + value
    footer = struct.pack("<8sIIII8x", b"APETAGEX", 2000, len(items) + 32, 2, 0)
    return data + items + footer


def with_flac_pictures(data: bytes) -> bytes:
    """Put four pictures, of as many bytes as a block can have, behind STREAMINFO."""
    head = struct.pack(">II9sIIIIII", 3, 9, b"image/png", 0, 0, 0, 0, 0, 0)
    size = (1 << 24) - 1
    head = head[:-4] + struct.pack(">I", size - len(head))
    block = b"\6" + size.to_bytes(3, "big") + head + bytes(size - len(head))
    return data[:42] + 4 * block + data[42:]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cbr.mp3", with_id3),
        ("bare.mp3", with_apev2),
        ("a.flac", with_flac_pictures),
    ],
)
def test_a_picture_of_50_mb(
    samples: dict[str, Path],
    tmp_path: Path,
    name: str,
    change: Callable[[bytes], bytes],
) -> None:
    path = tmp_path / name
    path.write_bytes(change(samples[name].read_bytes()))
    assert path.stat().st_size > PICTURE
    command = [sys.executable, "-c", _MEASURE, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    title, seconds, grown_mb = done.stdout.rsplit(maxsplit=2)
    assert title == "A Title" or change is with_id3
    assert float(seconds) == pytest.approx(3, abs=0.06)
    assert int(grown_mb) < 150
