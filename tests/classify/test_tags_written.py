"""Labels in the files: only on request, undone without a trace in the audio."""

from __future__ import annotations

import os
import shutil

import mutagen
import pytest

from scanner.audio.payload import payload_hash
from scanner.exceptions import TagError
from scanner.tags.write import set_label

FILES = {
    "mp3": "Maxstack/Endgame: Singularity (Advanced Research)/02 Enemy Unknown.mp3",
    "ogg": "Kenta Cho/A7Xpg/01 bgm2.ogg",
    "flac": "Kenta Cho/Gunroar/03 gr1.flac",
    "m4a": "Kenta Cho/Titanion/02 ttn3.m4a",
    "opus": "LupusMechanicus/Legacy Soundtrack/01 Incoming Transmission.opus",
}


@pytest.fixture(params=sorted(FILES))
def file(request, music, tmp_path):
    path = tmp_path / f"song.{request.param}"
    shutil.copy2(music / FILES[request.param], path)
    path.chmod(0o644)
    return path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any file")
def test_a_read_only_file_is_left_alone(file):
    file.chmod(0o444)
    before = file.read_bytes()
    with pytest.raises(TagError, match="read-only"):
        set_label(bytes(file), "Ann", 0.5)
    assert file.read_bytes() == before


def test_a_label_goes_in_and_out_and_the_audio_stays(file):
    before = payload_hash(bytes(file))
    tags = dict(mutagen.File(file).tags)
    assert set_label(bytes(file), "Кино & Co", 0.93)
    assert not set_label(bytes(file), "Кино & Co", 0.93)
    found = str({str(k).upper(): v for k, v in mutagen.File(file).tags.items()})
    assert "SONICAT_LABEL" in found
    assert "0.930" in found
    assert payload_hash(bytes(file)) == before
    assert set_label(bytes(file), None, None)
    assert not set_label(bytes(file), None, None)
    assert dict(mutagen.File(file).tags).keys() == tags.keys()
    assert payload_hash(bytes(file)) == before
    assert [p.name for p in file.parent.iterdir()] == [file.name]


def test_what_takes_no_tags_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no audio")
    with pytest.raises(TagError):
        set_label(bytes(path), "Rush", 0.5)
    assert path.read_text() == "no audio"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_command_shows_before_it_writes(
    music, tmp_path, make_catalog, make_dataset, tagged
):
    """Without --yes nothing is changed; a file that is gone does not stop the rest."""
    from catalog.schema import open_catalog
    from sonicat.classify import classify
    from tests.runner import Runner

    path = make_catalog(tagged(make_dataset()))
    song = tmp_path / "000.mp3"
    shutil.copy2(music / FILES["mp3"], song)
    song.chmod(0o644)
    with open_catalog(str(path)) as catalog:
        catalog.execute("UPDATE roots SET path = :path", path=bytes(tmp_path))
    options = ["--all", "--model", "logistic", "-j", "1", "--db", str(path)]
    several = [*options, "--model", "majority", "--write-tags"]
    assert "one model" in Runner().invoke(classify, several).output
    shown = Runner().invoke(classify, [*options, "--write-tags"])
    assert "36 files would be written" in shown.output
    assert "SONICAT_LABEL" not in str(mutagen.File(song).tags)
    done = Runner().invoke(
        classify,
        [*options, "--write-tags", "--yes"],
        standalone_mode=False,
    )
    assert done.return_value == 3
    assert "1 file written, 0 so already, 35 failed" in done.output
    assert "SONICAT_LABEL" in str(mutagen.File(song).tags)
    Runner().invoke(classify, ["--remove-tags", "--yes", "--db", str(path)])
    assert "SONICAT_LABEL" not in str(mutagen.File(song).tags)
