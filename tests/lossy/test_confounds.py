"""An audit of what is no music: rules, pairs, and an encoder planted on purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from catalog.audio_facts import AudioFacts
from catalog.predictions import track_predictions
from catalog.records import TagFacts
from catalog.runs import load_run
from catalog.schema import open_catalog
from classify.arrays import Dataset, Windows
from classify.confounds import (
    audit_confounds,
    audit_metrics,
    match_pairs,
    score_pairs,
    warn_of_confounds,
)
from classify.file_facts import fact_table, suspicion_of
from classify.folds import album_folds
from classify.refit import load_run_data, refit_folds
from scanner.audio.encode import encode
from scanner.features.bandwidth import BandwidthMeter
from tests.tag_writer import write_tags

SR = 44100


def noise(seconds, sr=SR, seed=0):
    rng = np.random.default_rng(seed)
    return 0.1 * rng.standard_normal((int(seconds * sr), 2)).astype(np.float32)


def facts(track_id=0, codec="flac", edge=22_050.0, loudness=-14.0, **more):
    lossless = codec in {"flac", "alac"}
    return AudioFacts(
        **{
            "track_id": track_id,
            "container": codec,
            "codec": codec,
            "encoder": None,
            "lossless": lossless,
            "bitrate": None,
            "sample_rate": SR,
            "channels": 2,
            "bits_per_sample": None,
            "encoder_delay": None,
            "encoder_padding": None,
            "loudness_lufs": loudness,
            "measured": {"upper_edge_hz": edge, "edge_drop_db": 30.0},
            **more,
        }
    )


def suspected(samples, sr, codec, *, bitrate=None):
    meter = BandwidthMeter(sr)
    meter.push(samples.mean(axis=1))
    more = {"bitrate": bitrate, "sample_rate": sr, "measured": meter.finish()}
    return suspicion_of(facts(codec=codec, **more))


@pytest.mark.parametrize(
    ("codec", "bitrate"),
    [("mp3", "64k"), ("mp3", "192k"), ("mp3", "320k")],
)
def test_a_lossy_file_inside_a_lossless_one_is_found(tmp_path, codec, bitrate):
    from scanner.variants.transcode import read_samples

    path = tmp_path / f"a.{codec}"
    encode(noise(12), SR, path, codec, bitrate)
    decoded, sr = read_samples(os.fsencode(path))
    inside = tmp_path / "a.flac"
    soundfile.write(inside, np.clip(decoded, -1, 1), sr, subtype="PCM_16")
    stored, sr = soundfile.read(inside, dtype="float32", always_2d=True)
    assert suspected(stored, sr, "flac") == "transcoded"


def test_a_low_bitrate_inside_a_high_one_is_found_but_not_itself(tmp_path):
    from scanner.variants.transcode import read_samples

    low, high = tmp_path / "low.mp3", tmp_path / "high.mp3"
    encode(noise(12), SR, low, "mp3", "128k")
    once, sr = read_samples(os.fsencode(low))
    encode(once, sr, high, "mp3", "320k")
    twice, sr = read_samples(os.fsencode(high))
    assert suspected(once, sr, "mp3", bitrate=128_000) == ""
    assert suspected(twice, sr, "mp3", bitrate=320_000) == "transcoded"


def test_a_full_band_original_is_suspected_of_nothing():
    assert suspected(noise(12), SR, "flac") == ""


def test_what_was_44100_hz_is_found_at_96000():
    import soxr

    up = soxr.resample(noise(12), SR, 96_000).astype(np.float32)
    assert suspected(up, 96_000, "flac") == "upsampled"
    assert suspected(noise(12, 96_000), 96_000, "flac") == ""


def test_nothing_known_is_no_suspicion():
    assert suspicion_of(facts(measured={})) == ""
    assert suspicion_of(facts(sample_rate=None)) == ""


def dataset_of(labels, albums_each=4, tracks=2):
    y = np.repeat(np.arange(labels), albums_each * tracks)
    groups = np.repeat(np.arange(labels * albums_each), tracks)
    rows = Windows(np.zeros((len(y), 1), np.float32), np.arange(len(y)), len(y))
    return Dataset(rows, y, groups, tuple(f"label {k}" for k in range(labels)))


def audited(dataset, known):
    folds = album_folds(dataset.y, dataset.groups, n_splits=5, seed=0)
    return audit_confounds(dataset, fact_table(known), folds, seed=0)


def test_an_audit_names_the_kind_that_gives_labels_away():
    dataset = dataset_of(2)
    rng = np.random.default_rng(0)
    loud = [-20.0 if k else -8.0 for k in dataset.y]
    known = [facts(loudness=x + rng.normal(), edge=rng.normal(2e4, 500)) for x in loud]
    found = audited(dataset, known)
    assert found.right.mean() == 1.0
    assert found.strongest == ("loudness",)
    reached = audit_metrics(dataset, found, seed=0)
    assert "loudness alone reaches 1.00; up to all of 0.90" in warn_of_confounds(
        reached, 0.9, 0.5
    )


def test_an_audit_of_files_that_are_all_alike_finds_nothing():
    dataset = dataset_of(3)
    found = audited(dataset, [facts() for _ in dataset.y])
    assert found.alone == {}
    reached = audit_metrics(dataset, found, seed=0)
    assert reached["accuracy"] < 0.6
    assert warn_of_confounds(reached, 0.9, 0.33) is None


@pytest.mark.parametrize(
    ("own", "accuracy", "warned"),
    [(0.61, 0.66, True), (0.40, 0.66, False), (0.35, 0.30, False), (0.9, 0.7, True)],
)
def test_the_warning_comes_when_the_facts_come_near(own, accuracy, warned):
    reached = {"accuracy": own, "strongest": ["codec", "loudness"], "together": own}
    said = warn_of_confounds(reached, accuracy, 0.35)
    assert (said is not None) is warned
    if said:
        assert said.startswith("codec and loudness alone reach")


def test_pairs_have_two_labels_one_codec_and_like_bandwidth():
    known = [
        facts(codec="mp3", edge=16_000.0),
        facts(codec="mp3", edge=20_000.0),
        facts(codec="mp3", edge=16_500.0),
        facts(codec="flac", edge=20_100.0),
        facts(codec="mp3", measured={}),
    ]
    y = np.array([0, 0, 1, 1, 1])
    pairs = match_pairs(known, y)
    assert pairs == [(0, 2)]
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.1, 0.9], [0.1, 0.9]])
    found = score_pairs(p, y, pairs)
    assert found.pairs == 1
    assert found.accuracy == 0.5
    assert score_pairs(p, y, []).accuracy is None


def asked(*arguments):
    command = [sys.executable, "-m", "sonicat", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run(*arguments):
    done = asked(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The same six pieces of noise for two artists: only the encoder tells them."""
    folder = tmp_path_factory.mktemp("planted")
    library = folder / "library"
    library.mkdir()
    for artist, codec, suffix in (("A", "mp3", "mp3"), ("B", "vorbis", "ogg")):
        for i in range(6):
            path = library / f"{artist}{i}.{suffix}"
            encode(noise(8, seed=i) * (1 + i / 6), SR, path, codec, "128k")
            album, year = f"{artist} {i // 2}", str(1980 + i // 2)
            tags = TagFacts(title=str(i), artists=(artist,), album=album, date=year)
            write_tags(os.fsencode(path), tags)
    db = folder / "catalog.db"
    model = ("--model", "gaussian-nb", "--steady")
    scan = ("scan", "--db", db, "-j1", "-q")
    run(*scan, library)
    refused = asked("classify", "--db", db, "--all", *model)
    assert refused.returncode == 1
    assert "`scan --variants mp3:64k" in refused.stderr
    run(*scan, "--variants", "mp3:64k", "--sample", "4")
    said = run("classify", "--db", db, "--all", *model, "--matched")
    return db, said


def report(db, *kind):
    return json.loads(run("report", "--db", db, *kind, "--format", "json"))


@pytest.mark.slow
def test_an_encoder_that_is_the_only_difference_is_named(planted):
    db, said = planted
    assert "warning: gaussian-nb: codec alone reaches 1.00" in said
    assert "no two tracks of different labels are coded alike" in said
    table = report(db, "--confounds")
    first = table["rows"][0]
    assert first["accuracy"] == 1.0
    assert first["carried_by"].startswith("codec 1.00")
    assert "codec alone reaches 1.00" in " ".join(table["notes"])


@pytest.mark.slow
def test_what_re_encoding_does_is_said_by_variant_and_by_feature(planted):
    db, _ = planted
    table = report(db, "--codecs")
    (row,) = table["rows"]
    assert "learned from mp3:64k (4 tracks)" in " ".join(table["notes"])
    assert (row["variant"], row["tracks"], row["windows"]) == ("mp3:64k", 4, 4)
    assert 0 <= row["tracks_flipped"] <= 1
    assert len(row["most_moved"].split(", ")) == 5
    assert (row["model"], table["title"][-11:]) == ("gaussian-nb", "gaussian-nb")
    drifts = report(db, "--drift")["rows"]
    assert drifts[0]["feature"] == row["most_moved"].split(", ")[0]
    assert drifts[0]["mp3:64k"] > 1 > drifts[-1]["mp3:64k"]


@pytest.mark.slow
def test_refitted_folds_say_what_was_stored(planted):
    db, _ = planted
    with open_catalog(str(db), mode="read") as catalog:
        found = load_run(catalog)
        stored = {t.track_id: t.p_true for t in track_predictions(catalog, found.id)}
        known = load_run_data(catalog, found)
        dataset = known.dataset
        for fold, model in refit_folds(catalog, found, known):
            rows = dataset.windows.of_tracks(fold.test)
            p = model.predict_proba(rows, known.feature_set)[1]
            for i, track in enumerate(fold.test):
                own = p[i, dataset.y[track]]
                expected = stored[known.tracks[track].id]
                assert own == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_three_codecs_are_learned_from_without_being_asked(planted, tmp_path):
    db = tmp_path / "catalog.db"
    db.write_bytes(planted[0].read_bytes())
    classify = ("classify", "--db", db, "--all", "--model", "gaussian-nb")
    assert "steadied" not in run(*classify)
    more = ("--variants", "aac:96k,opus:48k", "--sample", "2")
    run("scan", "--db", db, "-j1", "-q", *more)
    learned = "aac:96k (2 tracks), mp3:64k (4 tracks), opus:48k (2 tracks)"
    assert f"steadied against lossy coding: {learned}" in run(*classify)
    assert "steadied" not in run(*classify, "--no-steady", "--model", "knn")
    rows = [(row["model"], row["variant"]) for row in report(db, "--codecs")["rows"]]
    assert sorted(rows) == sorted(
        (model, variant)
        for model in ("gaussian-nb", "knn")
        for variant in ("aac:96k", "mp3:64k", "opus:48k")
    )


@pytest.mark.slow
def test_the_sound_of_two_eras_stands_beside_their_accuracy(planted):
    db, _ = planted
    notes = report(db, "--by-era", "--artist", "A", "--through", "1980")["notes"]
    sound = [note for note in notes if note.startswith("Sound ")]
    assert [note.split(" (")[0] for note in sound] == [
        "Sound through 1980",
        "Sound after 1980",
    ]
    assert all("LUFS" in note and "upper edge" in note for note in sound)
