"""Upload a file, have it judged, read the verdict."""

from __future__ import annotations

import os
import secrets
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from flask import Blueprint, Request, request

from catalog.browse import listed_tracks, tracks_with_audio
from catalog.database import Catalog
from catalog.datasets import load_feature_set
from catalog.exceptions import CatalogError
from catalog.runs import load_model
from catalog.schema import open_catalog
from classify import model as artifacts
from classify.arrays import Rows
from classify.dataset import heard_windows
from classify.exceptions import ClassifyError
from classify.map.map import place
from classify.map.neighbors import nearest
from classify.model import UNKNOWN
from classify.predict import draws
from classify.sequence_features import sliced
from scanner.features.definition import feature_set
from webapp.context import Shared, chosen_run, shared
from webapp.errors import CannotJudgeError, WebError
from webapp.filters import printable
from webapp.map import Chart, framed_places
from webapp.sandbox import GRID, measured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from catalog.browse import ListedTrack
    from catalog.records import FeatureSetFacts
    from catalog.runs import RunFacts
    from classify.model import Model
    from webapp.jobs import Job
    from webapp.sandbox import Measured


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
    mine = shared()

    def work(opened: BinaryIO, job: Job) -> dict[str, Any]:
        try:
            return judged(mine, opened, job, run, whole=whole)
        except (ClassifyError, CatalogError) as error:
            raise CannotJudgeError(str(error)) from error

    job = mine.jobs.submit(own, work)
    if not _flag("wait"):
        return job.document(), 202
    job.ended.wait(_WAIT_S)
    if job.error:
        raise CannotJudgeError(job.error)
    return job.document(), 200 if job.verdict else 202


@predict.get("/<job_id>")
def follow(job_id: str) -> dict[str, Any]:
    """Return how far a job is, and its verdict when it is done."""
    return shared().jobs.find(job_id).document()


def judged(
    mine: Shared, file: BinaryIO, job: Job, run: RunFacts | None, *, whole: bool
) -> dict[str, Any]:
    """Measure an upload and say what it sounds like; nothing is stored."""
    with open_catalog(mine.settings.catalog_url, mode="read") as catalog:
        chart = mine.atlas.look(catalog)
        shown = chart if isinstance(chart, Chart) else None
        facts = _facts(catalog, _feature_set_id(run, shown))
        job.tell("analysing", None, None)
        found = measured(
            file,
            window_s=float(facts.parameters["window_s"]),
            hop_s=float(facts.parameters["hop_s"]),
            band_limit_hz=facts.parameters.get("band_limit_hz"),
            limits=mine.settings.limits,
            told=lambda done, of: job.tell("analysing", done, of),
        )
        job.tell("judging", found.duration_s, found.duration_s)
        verdict: dict[str, Any] = {
            "duration_s": found.duration_s,
            "known_tracks": tracks_with_audio(catalog, found.payload_hash),
            "said": None,
        }
        if run is not None:
            model = model_of(mine, catalog, run)
            verdict["said"] = said_of(found, model, run, facts, whole=whole)
        if shown is None or _feature_set_id(run, shown) != shown.rows.feature_set_id:
            return {**verdict, "place": None, "neighbours": []}
        return {**verdict, **_near(shown, catalog, found)}


def _feature_set_id(run: RunFacts | None, shown: Chart | None) -> int | None:
    """Return the feature set of the run, else of the map, where there is one."""
    if run is not None:
        return run.feature_set_id
    return None if shown is None else shown.rows.feature_set_id


def _facts(catalog: Catalog, feature_set_id: int | None) -> FeatureSetFacts:
    """Return this program's features, in windows and up to a limit as stored ones."""
    if feature_set_id is None:
        return feature_set()
    taught = load_feature_set(catalog, feature_set_id).parameters
    return feature_set(
        float(taught["window_s"]), float(taught["hop_s"]), taught.get("band_limit_hz")
    )


def _near(chart: Chart, catalog: Catalog, found: Measured) -> dict[str, Any]:
    if chart.rows.X.shape[1] != found.vectors.shape[1]:
        return {"place": None, "neighbours": []}
    tracks = {track.id: track for track in listed_tracks(catalog)}
    return neighbours_of(found, chart, tracks)


def model_of(mine: Shared, catalog: Catalog, run: RunFacts) -> Model:
    """Return a run's model, loaded once.

    Raises
    ------
    CannotJudgeError
        The run keeps none.
    """
    with mine.loading:
        key = run.id, run.created_at
        if key not in mine.models:
            stored = load_model(catalog, run.id)
            if stored is None:
                raise CannotJudgeError(
                    f"run {run.id} keeps no model; run `classify --all` again"
                )
            mine.models[key] = artifacts.load(stored.data)
        return mine.models[key]


def _flag(name: str) -> bool:
    given = request.args.get(name, request.form.get(name, ""))
    if given not in {"", "0", "1", "true", "false"}:
        raise WebError(f"{name} is true or false")
    return given in {"1", "true"}


NEIGHBOURS = 12


def said_of(
    found: Measured,
    model: Model,
    run: RunFacts,
    facts: FeatureSetFacts,
    *,
    whole: bool,
    seed: int | None = None,
) -> dict[str, Any]:
    """Judge an upload by a stored model.

    Parameters
    ----------
    found : Measured
    model : Model
    run : RunFacts
    facts : FeatureSetFacts
        Of the features of `found`.
    whole : bool
        Whether all of the track is heard, or windows drawn from its middle.
    seed : int or None
        Of the draws; None draws anew each time.

    Raises
    ------
    FeatureSetMismatchError
        The model was taught with other features.
    """
    seed = secrets.randbits(32) if seed is None else seed
    hop_s = float(facts.parameters["hop_s"])
    usable = ~found.silent & np.isfinite(found.vectors).all(axis=1)
    drawn = draws(found.start_s, found.window_s, usable, hop_s=hop_s, seed=seed)
    regular = np.flatnonzero(usable & (np.arange(len(usable)) % GRID == 0))
    heard, slices = _heard(found, model, facts)
    _, of_draws = model.judge(_rows(heard, slices, drawn), facts)
    windows, of_whole = model.judge(_rows(heard, slices, [regular]), facts)
    p = of_whole[0] if whole else of_draws.mean(axis=0)
    best = int(p.argmax())
    threshold = run.parameters.get("unknown_below")
    unsure = threshold is not None and float(p[best]) < float(threshold)
    return {
        "run": run.id,
        "model": run.model,
        "heard": "whole" if whole else "middle",
        "label": UNKNOWN if unsure else printable(model.labels[best]),
        "likeliest": printable(model.labels[best]),
        "probability": round(float(p[best]), 4),
        "labels": [printable(name) for name in model.labels],
        "probabilities": np.round(p, 4).tolist(),
        "draws": {
            "count": len(of_draws),
            "seed": seed,
            "agree": float((of_draws.argmax(axis=1) == best).mean()),
            "low": np.round(of_draws.min(axis=0), 4).tolist(),
            "high": np.round(of_draws.max(axis=0), 4).tolist(),
        },
        "windows": _windows(found, regular, windows, model.labels),
    }


def neighbours_of(
    found: Measured, chart: Chart, tracks: Mapping[int, ListedTrack]
) -> dict[str, Any]:
    """Return the nearest tracks of an upload and its place on the map."""
    usable = ~found.silent & np.isfinite(found.vectors).all(axis=1)
    mean = found.vectors[usable].mean(axis=0, dtype=np.float64)[None]
    query = chart.drawn.basis.project(mean)
    indices, distances = nearest(chart.points, query, NEIGHBOURS)
    xy = place(chart.drawn, mean)
    return {
        "place": framed_places(chart, xy)[0],
        "approximate": True,
        "neighbours": [
            neighbour(tracks[int(chart.rows.track_ids[i])], distance)
            for i, distance in zip(indices[0], distances[0], strict=True)
            if int(chart.rows.track_ids[i]) in tracks
        ],
    }


def neighbour(track: ListedTrack, distance: float) -> dict[str, Any]:
    """Return a near track as a page shows it."""
    return {
        "id": track.id,
        "title": printable(track.title or track.path),
        "artist": printable(track.artist),
        "album": printable(track.album),
        "year": track.year,
        "distance": round(float(distance), 3),
    }


def _heard(
    found: Measured, model: Model, facts: FeatureSetFacts
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Return the columns that the model takes, and the slices of the sequences."""
    span = found.start_s, found.window_s
    names = tuple(facts.names)
    heard, columns = heard_windows(found.vectors, names, *span, found.sequences)
    if columns != tuple(model.columns):  # taught where no sequences were stored
        heard, _ = heard_windows(found.vectors, names, *span, None)
    return heard, sliced(found.sequences, *span)


def _rows(
    heard: NDArray[np.float32],
    slices: NDArray[np.float16],
    groups: list[NDArray[np.intp]],
) -> Rows:
    """Return windows as a model takes them, each group as if it were a track."""
    chosen = np.concatenate(groups)
    return Rows(
        X=heard[chosen],
        track=np.repeat(np.arange(len(groups)), [len(group) for group in groups]),
        n_tracks=len(groups),
        slices=slices[chosen],
    )


def _windows(
    found: Measured,
    shown: NDArray[np.intp],
    p: NDArray[np.float64],
    labels: tuple[str, ...],
) -> list[dict[str, Any]]:
    return [
        {
            "start_s": float(found.start_s[i]),
            "duration_s": float(found.window_s[i]),
            "label": printable(labels[int(row.argmax())]),
            "series": int(row.argmax()),
            "probability": round(float(row.max()), 4),
        }
        for i, row in zip(shown, p, strict=True)
    ]
