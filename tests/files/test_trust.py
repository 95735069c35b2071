"""A file can make ffmpeg open nothing but itself."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scanner.decode import open_audio
from scanner.decode.process import FfmpegStream
from scanner.errors import DecodeError, FileError, IdentifyError
from scanner.payload import payload_hash
from scanner.tags import read_tags

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
def test_ffmpeg_itself_refuses_it(tmp_path: Path, private: Path, kind: str) -> None:
    """The white lists hold even where a file got past the look at its content."""
    path = tmp_path / "song.mp3"
    path.write_text(PLAYLISTS[kind].format(path=private))
    fd = os.open(path, os.O_RDONLY)
    with pytest.raises(DecodeError):
        FfmpegStream(fd)
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
            heard = np.concatenate(list(audio.blocks()))
    except FileError:
        return
    assert not np.allclose(heard[1000:2000], 0.5, atol=0.01)


def test_ffmpeg_sees_a_descriptor_not_a_name(samples: dict[str, Path]) -> None:
    with open_audio(bytes(samples["aac.m4a"])) as audio:
        command = audio._decoder._ffmpeg._process.args
    assert not any("aac.m4a" in part for part in command)
    assert command[command.index("-protocol_whitelist") + 1] == "file,pipe"
    allowed = command[command.index("-format_whitelist") + 1].split(",")
    assert not {"hls", "concat", "dash", "sdp", "rtsp", "image2", "lavfi"} & {*allowed}
