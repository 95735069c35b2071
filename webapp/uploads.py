"""Routes of an upload: a file in, a job to follow, a prediction out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, cast

import numpy as np
from flask import Blueprint, Request, request

from catalog.browse import ListedTrack, listed_tracks, tracks_with_audio
from catalog.database import Catalog
from catalog.datasets import load_feature_set
from catalog.exceptions import CatalogError
from catalog.records import FeatureSetFacts
from catalog.runs import RunFacts
from catalog.schema import open_catalog
from classify.exceptions import ClassifyError
from classify.map.map import place_points
from classify.map.neighbors import find_nearest
from classify.measure import MeasuredFile, current_features
from classify.model import UNKNOWN
from classify.predict import FilePrediction, Predictor, load_predictor, predict_file
from scanner.features.definition import feature_set
from webapp.context import Shared, chosen_run, shared
from webapp.errors import UploadError, WebError
from webapp.filters import printable
from webapp.jobs import Job
from webapp.map import Chart, scale_to_map
from webapp.sandbox import measure_upload

NEIGHBOURS = 12

predict = Blueprint("predict", __name__, url_prefix="/api/predict")

_WAIT_S = 600.0


class UploadRequest(Request):
    """A request whose files are spooled where they have no name.

    An unnamed file cannot be opened by anyone else, and is gone with the process
    whatever ends it.
    """

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        del total_content_length, content_type, filename, content_length
        return cast("IO[bytes]", TemporaryFile(dir=shared().settings.spool))


@predict.post("")
def upload() -> tuple[dict[str, Any], int]:
    """Take a file; answer with its job, or with the verdict if that is awaited."""
    run = chosen_run()
    whole = _flag("whole")
    file = request.files.get("file")
    if file is None:
        raise WebError("send one file, as the field `file` of a multipart form")
    own = os.fdopen(os.dup(file.stream.fileno()), "rb")
    state = shared()

    def work(opened: BinaryIO, job: Job) -> dict[str, Any]:
        try:
            return predict_upload(state, opened, job, run, whole=whole)
        except (ClassifyError, CatalogError) as error:
            raise UploadError(str(error)) from error

    job = state.jobs.submit(own, work)
    if not _flag("wait"):
        return job.document(), 202
    job.finished.wait(_WAIT_S)
    if job.error:
        raise UploadError(job.error)
    return job.document(), 200 if job.result else 202


@predict.get("/<job_id>")
def follow(job_id: str) -> dict[str, Any]:
    """Return how far a job is, and its verdict when it is done."""
    return shared().jobs.find(job_id).document()


def predict_upload(
    state: Shared, file: BinaryIO, job: Job, run: RunFacts | None, *, whole: bool
) -> dict[str, Any]:
    """Measure an upload and say what it sounds like; nothing is stored."""
    with open_catalog(state.settings.catalog_url, mode="read") as catalog:
        chart = state.map_worker.get_chart(catalog)
        shown = chart if isinstance(chart, Chart) else None
        facts = _features_to_measure(catalog, _shown_feature_set(run, shown))
        job.note_progress("analysing", None, None)
        measured = measure_upload(
            file,
            facts,
            limits=state.settings.limits,
            on_progress=lambda done, of: job.note_progress("analysing", done, of),
        )
        job.note_progress("judging", measured.duration_s, measured.duration_s)
        answer: dict[str, Any] = {
            "duration_s": measured.duration_s,
            "known_tracks": tracks_with_audio(catalog, measured.payload_hash),
            "said": None,
        }
        if run is not None:
            predictor = cached_predictor(state, catalog, run)
            found = predict_file(measured, predictor, whole=whole)
            answer["said"] = prediction_document(found, whole=whole)
        if shown is None or _shown_feature_set(run, shown) != shown.rows.feature_set_id:
            return {**answer, "place": None, "neighbours": []}
        return {**answer, **_neighbours(shown, catalog, measured)}


def _shown_feature_set(run: RunFacts | None, shown: Chart | None) -> int | None:
    """Return the feature set of the run, else of the map, where there is one."""
    if run is not None:
        return run.feature_set_id
    return None if shown is None else shown.rows.feature_set_id


def _features_to_measure(
    catalog: Catalog, feature_set_id: int | None
) -> FeatureSetFacts:
    """Return this program's features, in windows and up to a limit as stored ones."""
    if feature_set_id is None:
        return feature_set()
    return current_features(load_feature_set(catalog, feature_set_id))


def _neighbours(
    chart: Chart, catalog: Catalog, measured: MeasuredFile
) -> dict[str, Any]:
    if chart.rows.X.shape[1] != measured.vectors.shape[1]:
        return {"place": None, "neighbours": []}
    tracks = {track.id: track for track in listed_tracks(catalog)}
    return find_neighbours(measured, chart, tracks)


def cached_predictor(state: Shared, catalog: Catalog, run: RunFacts) -> Predictor:
    """Return a run's model, loaded once."""
    with state.models_lock:
        key = run.id, run.created_at
        if key not in state.models:
            state.models[key] = load_predictor(catalog, run.id)
        return state.models[key]


def _flag(name: str) -> bool:
    given = request.args.get(name, request.form.get(name, ""))
    if given not in {"", "0", "1", "true", "false"}:
        raise WebError(f"{name} is true or false")
    return given in {"1", "true"}


def prediction_document(found: FilePrediction, *, whole: bool) -> dict[str, Any]:
    """Return a prediction as the page and the interface for programs show it."""
    best, draws = found.best, found.draws
    return {
        "run": found.run.id,
        "model": found.run.model,
        "heard": "whole" if whole else "middle",
        "label": found.label if found.label == UNKNOWN else printable(found.label),
        "likeliest": printable(found.labels[best]),
        "probability": round(float(found.probabilities[best]), 4),
        "labels": [printable(name) for name in found.labels],
        "probabilities": np.round(found.probabilities, 4).tolist(),
        "draws": {
            "count": len(draws),
            "seed": found.seed,
            "agree": float((draws.argmax(axis=1) == best).mean()),
            "low": np.round(draws.min(axis=0), 4).tolist(),
            "high": np.round(draws.max(axis=0), 4).tolist(),
        },
        "windows": [
            {
                "start_s": one.start_s,
                "duration_s": one.duration_s,
                "label": printable(found.labels[one.label]),
                "series": one.label,
                "probability": round(one.probability, 4),
            }
            for one in found.windows
        ],
    }


def find_neighbours(
    measured: MeasuredFile, chart: Chart, tracks: Mapping[int, ListedTrack]
) -> dict[str, Any]:
    """Return the nearest tracks of an upload and its place on the map."""
    mean = measured.vectors[measured.usable].mean(axis=0, dtype=np.float64)[None]
    query = chart.drawn.basis.project(mean)
    indices, distances = find_nearest(chart.points, query, NEIGHBOURS)
    xy = place_points(chart.drawn, mean)
    return {
        "place": scale_to_map(chart, xy)[0],
        "approximate": True,
        "neighbours": [
            neighbour_document(tracks[int(chart.rows.track_ids[i])], distance)
            for i, distance in zip(indices[0], distances[0], strict=True)
            if int(chart.rows.track_ids[i]) in tracks
        ],
    }


def neighbour_document(track: ListedTrack, distance: float) -> dict[str, Any]:
    """Return a near track as a page shows it."""
    return {
        "id": track.id,
        "title": printable(track.title or track.path),
        "artist": printable(track.artist),
        "album": printable(track.album),
        "year": track.year,
        "distance": round(float(distance), 3),
    }
