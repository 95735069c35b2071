"""The demo library: small, tagged, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from scanner.audio.decode import open_audio
from scanner.demo import library
from scanner.demo.library import DemoError, compose, make_demo
from scanner.demo.styles import ARTISTS, vary_style
from scanner.tags.read import read_tags
from sonicat.demo import demo
from tests.runner import Runner


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_demo(tmp_path_factory.mktemp("demo") / "library")


@pytest.mark.slow
def test_it_holds_two_artists_with_three_albums_each(made: list[Path]) -> None:
    facts = [read_tags(bytes(path)) for path in made]
    albums = Counter((tags.albumartist, tags.album) for tags, _ in facts)
    assert Counter(artist for artist, _ in albums) == dict.fromkeys(
        (artist.name for artist in ARTISTS), 3
    )
    assert set(albums.values()) <= {4, 5}
    years = {tags.date for tags, _ in facts}
    assert min(years) < "1988" < max(years)
    for path, (tags, stream) in zip(made, facts, strict=True):
        assert tags.title
        assert path.name.startswith(f"{tags.track_number:02} {tags.title}")
        assert tags.genres
        assert stream.duration_s is not None
        assert 34 < stream.duration_s < 70


@pytest.mark.slow
def test_the_codec_says_little_about_the_artist(made: list[Path]) -> None:
    for artist in ARTISTS:
        suffixes = Counter(path.suffix for path in made if artist.name in path.parts)
        assert set(suffixes) == {".mp3", ".flac", ".ogg"}
        assert min(suffixes.values()) >= 3


@pytest.mark.slow
def test_every_track_is_sound(made: list[Path]) -> None:
    for path in made[::5]:
        with open_audio(bytes(path)) as audio:
            heard = np.concatenate(list(audio.blocks()))
        assert heard.shape[1] == 2
        assert 0.02 < np.sqrt(np.mean(heard**2)) < 0.5
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() < 1.1


def test_the_same_seed_makes_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = [next(library._tracks(tmp_path / "x"))]
    contents = []
    for folder, seed in (("1", 7), ("2", 7), ("3", 8)):
        monkeypatch.setattr(
            library,
            "_tracks",
            lambda root: [(root / "one", *short[0][1:])],
        )
        (path,) = make_demo(tmp_path / folder, seed=seed)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_a_piece_is_within_full_scale_and_as_long_as_asked() -> None:
    rng = np.random.default_rng(3)
    artist = ARTISTS[0]
    style = vary_style(artist.style, artist.albums[0], rng)
    piece = compose(style, 10, rng)
    assert piece.dtype == np.float32
    assert 10 <= len(piece) / 44100 < 13
    assert 0.5 < np.abs(piece).max() <= 1


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(DemoError, match="not empty"):
        make_demo(tmp_path)
    shown = Runner().invoke(demo, [str(tmp_path)])
    assert shown.exit_code == 1
    assert "--force" in shown.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_no_place_for_a_library(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    shown = Runner().invoke(demo, [str(path)])
    assert shown.exit_code == 1
    assert "Traceback" not in shown.output
