"""A file can make a decoder open nothing but itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from mutagen.mp4 import MP4, MP4Cover

from scanner.audio.decode import open_audio
from scanner.audio.encode import ffmpeg_path
from scanner.audio.libav import FORMATS, LibavStream, open_file
from scanner.audio.payload import payload_hash
from scanner.exceptions import DecodeError, FileError, IdentifyError
from scanner.tags.read import read_tags

PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n",
    "hls by URL": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{path}\n",
    "hls in spaces": "\n\n#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n",
    "concat": "ffconcat version 1.0\nfile '{path}'\n",
    "concat without a head": "file '{path}'\n",
    "dash": '<?xml version="1.0"?><MPD><BaseURL>{path}</BaseURL></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 5004 RTP/AVP 0\n",
    "m3u": "{path}\n",
}


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A file that nobody asked to be read."""
    path = tmp_path / "private.wav"
    soundfile.write(path, np.full(44100, 0.5, np.float32), 44100)
    return path


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("suffix", ["mp3", "m4a", "m3u8"])
def test_a_playlist_named_like_audio_opens_nothing(
    tmp_path: Path, private: Path, kind: str, suffix: str
) -> None:
    path = tmp_path / f"song.{suffix}"
    path.write_text(PLAYLISTS[kind].format(path=private))
    for read in (open_audio, read_tags, payload_hash):
        with pytest.raises(IdentifyError, match="not audio"):
            read(bytes(path))


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("formats", ["", ",hls,concat,dash,sdp"])
def test_libav_itself_refuses_it(
    tmp_path: Path,
    private: Path,
    kind: str,
    formats: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a file got past the look at its content, either white list would do."""
    monkeypatch.setattr("scanner.audio.libav.FORMATS", FORMATS + formats)
    path = tmp_path / "song.mp3"
    path.write_text(PLAYLISTS[kind].format(path=private))
    fd = os.open(path, os.O_RDONLY)
    with pytest.raises(DecodeError):
        LibavStream(fd)
    os.close(fd)


def test_an_mp4_that_refers_to_another_file_does_not_open_it(
    tmp_path: Path, samples: dict[str, Path], private: Path
) -> None:
    """A QuickTime data reference ("alis", "url ") may name any file."""
    data = samples["fast.m4a"].read_bytes()
    place = data.index(b"url ") - 4
    reference = bytearray(data[place : place + 12])
    reference[8:12] = bytes(4)  # the flag "in this file", taken away
    path = tmp_path / "refers.m4a"
    path.write_bytes(data[:place] + bytes(reference) + data[place + 12 :])
    try:
        with open_audio(bytes(path)) as audio:
            decoded = np.concatenate(list(audio.blocks()))
    except FileError:
        return
    assert not np.allclose(decoded[1000:2000], 0.5, atol=0.01)


def test_a_cover_is_not_decoded(samples: dict[str, Path], tmp_path: Path) -> None:
    """How its pixels are laid out is known only to who decodes it."""
    path = tmp_path / "cover.m4a"
    shutil.copyfile(samples["aac.m4a"], path)
    cover = tmp_path / "cover.png"
    draw = ("-f", "lavfi", "-i", "color=red:size=16x16", "-frames:v", "1")
    subprocess.run([ffmpeg_path(), "-v", "error", *draw, cover], check=True)
    tags: Any = MP4(path)
    tags["covr"] = [MP4Cover(cover.read_bytes(), MP4Cover.FORMAT_PNG)]
    tags.save()
    with path.open("rb") as file:
        opened = open_file(file.fileno())
        (picture,) = opened.container.streams.video
        assert picture.codec_context.name == "png"
        assert picture.codec_context.pix_fmt is None
        opened.container.close()
    with open_audio(bytes(path)) as audio:
        assert sum(map(len, audio.blocks())) > 2.9 * 44100


def test_formats_that_name_other_files_are_not_allowed() -> None:
    assert not {"hls", "concat", "dash", "sdp", "image2", "lavfi"} & {
        *FORMATS.split(",")
    }
