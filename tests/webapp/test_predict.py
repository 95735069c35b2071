"""Tests of uploads: measuring, prediction, limits, the queue."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from catalog.schema import open_catalog
from classify.measure import MeasuringSettings, measure_file
from classify.predict import (
    DRAWS,
    OFFSET_S,
    draw_windows,
    load_predictor,
    predict_file,
)
from scanner.audio.encode import encode
from scanner.features.definition import VECTOR_NAMES, feature_set
from sonicat.predict import predict
from tests.runner import Runner
from webapp.errors import BusyError, UploadError
from webapp.jobs import Jobs
from webapp.sandbox import measure_upload
from webapp.settings import ServeSettings, UploadLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.webapp.conftest import Made

LIMITS = UploadLimits(max_audio_s=60.0, wall_s=120.0)


def multipart(data: bytes, name: str = "x") -> dict[str, Any]:
    """Return a form with one file, written out: the client would use a file for it."""
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    body = b"--edge\r\n%s\r\n\r\n%s\r\n--edge--\r\n" % (head.encode(), data)
    return {"data": body, "content_type": "multipart/form-data; boundary=edge"}


def send(client: FlaskClient, data: bytes, name: str = "a.mp3", query: str = "") -> Any:
    return client.post(f"/api/predict?wait=1{query}", **multipart(data, name))


def refusal(client: FlaskClient, data: bytes, name: str) -> str:
    answer = send(client, data, name)
    assert answer.status_code == 422
    return str(answer.json["error"])


@pytest.mark.parametrize("extension", ["flac", "webm"])  # the browser sends them all
def test_a_file_of_each_decoder_is_judged(
    client: FlaskClient, audio_file: Callable[[str], Path], extension: str
) -> None:
    answer = send(client, audio_file(extension).read_bytes(), f"x.{extension}")
    assert answer.status_code == 200
    result = answer.json["verdict"]
    said = result["said"]
    assert said["likeliest"] == "Low"
    assert said["labels"] == ["Bright", "Low"]
    assert sum(said["probabilities"]) == pytest.approx(1.0, abs=1e-3)
    assert said["draws"]["count"] == DRAWS
    for p, low, high in zip(
        said["probabilities"], said["draws"]["low"], said["draws"]["high"], strict=True
    ):
        assert low - 1e-3 <= p <= high + 1e-3
    assert result["neighbours"][0]["artist"] == "Low"
    assert [one["distance"] for one in result["neighbours"]] == sorted(
        one["distance"] for one in result["neighbours"]
    )
    assert max(map(abs, result["place"])) < 2
    assert result["known_tracks"] == []


def test_a_whole_track_of_the_library_is_known_and_judged_by_all_its_windows(
    client: FlaskClient, made: Made
) -> None:
    path = sorted(made.root.rglob("*.ogg"))[0]
    answer = send(client, path.read_bytes(), query="&whole=1")
    result = answer.json["verdict"]
    assert result["said"]["heard"] == "whole"
    (known,) = result["known_tracks"]
    track = client.get(f"/api/tracks/{known}").json
    assert track["track"]["path"].endswith(path.name)
    assert result["neighbours"][0]["id"] == known
    # the same extraction as the scan's, on the same windows
    assert [one["start_s"] for one in result["said"]["windows"]] == [
        one["start_s"] for one in track["windows"]
    ]


@pytest.mark.parametrize("whole", [False, True])
def test_the_command_and_the_page_give_one_file_the_same_answer(
    client: FlaskClient,
    made: Made,
    audio_file: Callable[[str], Path],
    whole: bool,
) -> None:
    path = audio_file("mp3")
    said = send(client, path.read_bytes(), query=f"&whole={int(whole)}").json
    page = said["verdict"]["said"]
    arguments = ["--json", "--db", str(made.db), *(["--whole"] if whole else [])]
    shown = Runner().invoke(
        predict, [*arguments, str(path)], standalone_mode=False, catch_exceptions=False
    )
    (command,) = json.loads(shown.stdout)
    assert command["label"] == page["label"]
    assert command["run"] == page["run"]
    probabilities = dict(zip(page["labels"], page["probabilities"], strict=True))
    assert command["probabilities"] == pytest.approx(probabilities, abs=5e-5)
    with open_catalog(str(made.db), mode="read") as catalog:
        predictor = load_predictor(catalog, None)
    settings = MeasuringSettings.of_feature_set(predictor.facts)
    found = predict_file(
        measure_file(os.fsencode(path), settings), predictor, whole=whole
    )
    assert command["windows"] == found.n_windows
    assert dict(found.ranked) == command["probabilities"]
    assert np.round(found.draws.min(axis=0), 4).tolist() == page["draws"]["low"]
    assert [w.start_s for w in found.windows] == [w["start_s"] for w in page["windows"]]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("text.mp3", b"This is no music at all.\n" * 400),
        ("empty.wav", b""),
        ("page.flac", b"<html><body>hello</body></html>" * 50),
        ("zeros.m4a", bytes(20_000)),
    ],
)
def test_what_is_no_audio_is_refused_in_words(
    client: FlaskClient, name: str, data: bytes
) -> None:
    said = refusal(client, data, name)
    assert said
    assert "Traceback" not in said
    assert "/dev/stdin" not in said


def test_half_a_file_is_refused(
    client: FlaskClient, audio_file: Callable[[str], Path]
) -> None:
    data = audio_file("flac").read_bytes()
    assert refusal(client, data[: len(data) // 2], "half.flac")


def test_a_file_that_lasts_too_long_is_refused(
    client_of: Callable[..., FlaskClient], audio_file: Callable[[str], Path]
) -> None:
    client = client_of(limits=UploadLimits(max_audio_s=20.0))
    said = refusal(client, audio_file("mp3").read_bytes(), "long.mp3")
    assert said == "it lasts longer than 0.333333 minutes"


def test_a_file_that_is_too_large_is_refused(client: FlaskClient) -> None:
    answer = client.post("/api/predict", **multipart(bytes(6 * 2**20)))
    assert answer.status_code == 413
    assert "larger than" in answer.json["error"]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (
            "list.m3u8",
            "#EXTM3U\n#EXT-X-TARGETDURATION:60\n#EXTINF:60,\n{}\n#EXT-X-ENDLIST\n",
        ),
        ("list.mp3", "#EXTM3U\n{}\n"),
        ("list.wav", "ffconcat version 1.0\nfile '{}'\n"),
        ("list.mp4", "[playlist]\nFile1=file://{}\nNumberOfEntries=1\n"),
    ],
)
def test_a_playlist_reads_no_private_file(
    client: FlaskClient,
    audio_file: Callable[[str], Path],
    name: str,
    form: str,
) -> None:
    private = audio_file("wav")  # would be judged, were it read
    refusal(client, form.format(private).encode(), name)


def test_silence_and_a_jingle_are_refused(client: FlaskClient, tmp_path: Path) -> None:
    quiet, short = tmp_path / "quiet.wav", tmp_path / "short.wav"
    encode(np.zeros(22050 * 20, dtype=np.float32), 22050, quiet, "wav")
    encode(np.ones(22050, dtype=np.float32) / 3, 22050, short, "wav")
    assert "silent" in refusal(client, quiet.read_bytes(), "quiet.wav")
    assert "too short" in refusal(client, short.read_bytes(), "short.wav")


def test_nothing_of_an_upload_stays(
    client: FlaskClient,
    made: Made,
    settings: ServeSettings,
    audio_file: Callable[[str], Path],
) -> None:
    before = hashlib.sha256(made.db.read_bytes()).digest()
    send(client, audio_file("ogg").read_bytes())
    send(client, b"no audio" * 1000)
    assert list(settings.spool.iterdir()) == []
    assert hashlib.sha256(made.db.read_bytes()).digest() == before


def test_without_a_file_or_with_a_bad_option_the_request_is_refused(
    client: FlaskClient,
) -> None:
    assert client.post("/api/predict").status_code == 400
    assert send(client, b"x", query="&whole=perhaps").status_code == 400
    assert send(client, b"x", query="&run=77").status_code == 404


def test_two_at_once_are_judged_while_a_scan_writes_beside_them(
    own: Made,
    client_of: Callable[..., FlaskClient],
    audio_file: Callable[[str], Path],
) -> None:
    client = client_of(catalog_url=str(own.db))
    shutil.copy(audio_file("flac"), own.root / "new.flac")
    command = [sys.executable, "-m", "sonicat", "scan", str(own.root), "-q"]
    scan = subprocess.Popen([*command, "--db", str(own.db), "-j", "1"])
    jobs = []
    for extension in ("ogg", "wav"):
        form = multipart(audio_file(extension).read_bytes())
        answer = client.post("/api/predict", **form)
        assert answer.status_code == 202
        jobs.append(answer.json["job"])
    assert len(set(jobs)) == 2
    pause = threading.Event()
    for job in jobs:
        for _ in range(1200):
            now = client.get(f"/api/predict/{job}").json
            if now["phase"] in {"done", "failed"}:
                break
            pause.wait(0.1)
        assert now["phase"] == "done", now
    assert client.get("/api/predict/nobody").status_code == 404
    assert scan.wait(timeout=120) == 0
    assert client.get("/api/tracks").json["total"] == 11


def test_more_than_may_wait_are_turned_away() -> None:
    limits = UploadLimits(running=1, waiting=1)
    jobs, go = Jobs(ServeSettings(limits=limits)), threading.Event()

    def work(_file: object, _job: object) -> dict[str, Any]:
        go.wait(30)
        return {}

    taken = [jobs.submit(io.BytesIO(), work) for _ in range(2)]
    refused = io.BytesIO()
    with pytest.raises(BusyError):
        jobs.submit(refused, work)
    assert refused.closed
    go.set()
    for job in taken:
        assert job.finished.wait(30)
    assert jobs.submit(io.BytesIO(), work).finished.wait(30)


def test_old_verdicts_are_forgotten_and_failures_are_told() -> None:
    jobs = Jobs(ServeSettings(limits=UploadLimits(kept=2)))

    def fail(_file: object, _job: object) -> dict[str, Any]:
        raise UploadError("it is a cat")

    made = []
    for _ in range(4):
        job = jobs.submit(io.BytesIO(), fail)
        assert job.finished.wait(10)
        made.append(job)
    assert made[-1].document()["error"] == "it is a cat"
    assert jobs.find(made[-1].id) is made[-1]
    with pytest.raises(Exception, match="no such upload"):
        jobs.find(made[0].id)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (UploadLimits(wall_s=0.2), "longer than 0.2 seconds"),
        (UploadLimits(memory_bytes=120 * 2**20), "broke off|memory"),
    ],
)
def test_time_and_memory_have_an_end(
    audio_file: Callable[[str], Path], limits: UploadLimits, message: str
) -> None:
    with (
        audio_file("wav").open("rb") as file,
        pytest.raises(UploadError, match=message),
    ):
        measure_upload(
            file, feature_set(), limits=limits, on_progress=lambda _d, _o: None
        )


def test_measuring_tells_how_far_it_is(audio_file: Callable[[str], Path]) -> None:
    reported: list[tuple[float, float | None]] = []
    with audio_file("flac").open("rb") as file:
        found = measure_upload(
            file,
            feature_set(band_limit_hz=2000.0),
            limits=LIMITS,
            on_progress=lambda done, of: reported.append((done, of)),
        )
    assert found.duration_s == pytest.approx(33, abs=0.1)
    assert reported[0][1] == pytest.approx(33, abs=0.1)
    assert np.isfinite(found.vectors).all()
    top = VECTOR_NAMES.index("contrast_6_mean")
    assert not found.vectors[:, top].any()  # it lies above the limit


def test_draws_lie_around_the_middle_and_move() -> None:
    start = np.arange(0, 270.5, 2.5)
    length = np.full(len(start), 30.0)
    chosen = draw_windows(start, length, np.ones(len(start), bool), hop_s=10.0, seed=1)
    assert len(chosen) == DRAWS
    centres = [np.mean(start[one] + 15) for one in chosen]
    assert max(abs(np.array(centres) - 150)) <= OFFSET_S + 1.25
    assert len({tuple(one) for one in chosen}) > 5
    again = draw_windows(start, length, np.ones(len(start), bool), hop_s=10.0, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(chosen, again, strict=True))


def test_draws_take_what_can_be_heard_and_nothing_else() -> None:
    start, length = np.arange(0, 50, 2.5), np.full(20, 30.0)
    usable = np.zeros(20, bool)
    assert draw_windows(start, length, usable, hop_s=10.0, seed=0) == []
    usable[3] = True
    chosen = draw_windows(start, length, usable, hop_s=10.0, seed=0)
    assert {tuple(one) for one in chosen} == {(3,)}
