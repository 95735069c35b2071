"""Upload a file, have it judged, read the verdict."""

from __future__ import annotations

import os
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from flask import Blueprint, Request, request

from catalog.browse import listed_tracks, tracks_with_audio
from catalog.database import Catalog, open_catalog
from catalog.datasets import load_feature_set
from catalog.exceptions import CatalogError
from catalog.runs import load_model
from classify import artifacts
from classify.exceptions import ClassifyError
from scanner.features.definition import feature_set
from webapp.context import Shared, chosen_run, shared
from webapp.errors import CannotJudgeError, WebError
from webapp.map import Chart
from webapp.sandbox import measured
from webapp.verdict import neighbours_of, said_of

if TYPE_CHECKING:
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
