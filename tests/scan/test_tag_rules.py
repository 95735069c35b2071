"""Other rules for reading tags: what is read again, what stays, what is remembered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from catalog.records import TagFacts
from scanner.settings import ReadingRules, ScanSettings, TagRules
from tests.tag_writer import write_tags

SLASH = ScanSettings(artist_separators=("/",))
GUESS = ScanSettings(guess_from_path=True)


def test_what_is_asked_for_holds_below_and_is_remembered() -> None:
    rules = TagRules({}).changed_by(SLASH, [b"/m/live"]).changed_by(GUESS, [b"/m"])
    both = ReadingRules(("/",), guess_from_path=True)
    assert rules.of_file(b"/m/live/a.mp3") == both
    assert rules.of_file(b"/m/lively/a.mp3") == ReadingRules((), guess_from_path=True)
    assert rules.of_file(b"/n/a.mp3") == ReadingRules()
    stored = rules.as_json()
    assert TagRules.from_options({"tag_rules": stored}).as_json() == stored
    # Asked for nothing, nothing changes; asked for the usual, that is remembered too.
    assert rules.changed_by(ScanSettings(), [b"/m"]) is rules
    usual = rules.changed_by(ScanSettings(artist_separators=()), [b"/"])
    assert usual.of_file(b"/m/live/a.mp3") == ReadingRules(guess_from_path=True)
    assert usual


def untitled(path: Path, artist: str) -> Path:
    """Write a file whose tags name an artist and nothing else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(800, len(path.name) / 100), 8000)
    write_tags(os.fsencode(path), TagFacts(artists=(artist,)))
    return path


@pytest.mark.slow
def test_other_rules_read_the_tags_again_and_features_stay(
    library: Any, scan: Any
) -> None:
    artists = "SELECT count(*) FROM track_artists"
    albums = "SELECT count(*) FROM albums JOIN tracks ON album_id = albums.id"
    live = untitled(library.folder / "Rush" / "2112" / "01 Overture.flac", "Ann/Bob")
    untitled(library.folder / "other.flac", "Ann/Bob")
    scan(library.folder)
    analyses = scan.rows("SELECT id, analysed_at FROM analyses")
    dry = scan(library.folder, "--artist-separator", "/", "--dry-run")
    assert (dry["files"], dry["misread"], dry["audio_hours"]) == (2, 2, 0)
    split = scan(library.folder, "--artist-separator", "/")
    assert (split["retagged"], split["unchanged"], split["shared"]) == (2, 0, 0)
    assert scan.one(artists) == 4

    # Later scans need not be told: neither of old files nor of new ones.
    untitled(library.folder / "a new one.flac", "C/D/E")
    later = scan(tags_only=True)
    assert (later["new"], later["unchanged"]) == (1, 2)
    assert scan.one(artists) == 7
    # A further rule leaves the first as it is, and reaches as far as it was asked for.
    guess = scan(live.parents[1], "--guess-from-path", tags_only=True)
    assert (guess["retagged"], guess["unchanged"]) == (1, 0)
    assert (scan.one(artists), scan.one(albums)) == (7, 1)
    # What was guessed from the path is guessed anew where the file goes.
    live.parent.rename(live.parent.with_name("Hemispheres"))
    moved = scan(library.folder, tags_only=True)
    assert (moved["moved"], moved["new"], moved["unchanged"]) == (1, 0, 2)
    assert scan.rows(
        "SELECT albums.title FROM albums JOIN tracks ON album_id = albums.id"
    ) == [("Hemispheres",)]
    # A file that cannot be read any more is told of once, and keeps what is known.
    os.truncate(library.folder / "other.flac", 9)
    assert scan(library.folder, status=3, tags_only=True)["failed"] == 1
    cut = scan(
        *(library.folder, "--no-guess-from-path", "--artist-separator", ""),
        *("--limit-time", "0s"),
        tags_only=True,
    )
    assert (cut["retagged"], cut["left"], cut["left_alone"]) == (0, 2, 1)
    assert scan(library.folder, tags_only=True)["retagged"] == 2
    assert (scan.one(artists), scan.one(albums)) == (4, 0)
    assert scan.rows("SELECT id, analysed_at FROM analyses") == analyses
