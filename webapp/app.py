"""Flask application factory: settings, guards, blueprints, error pages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from flask import Flask, current_app, render_template, request
from werkzeug.exceptions import HTTPException

from catalog.exceptions import CatalogError, CatalogMissingError
from catalog.maps import Level
from classify.exceptions import ClassifyError, NothingToReportError
from webapp import api, pages
from webapp import filters as formats
from webapp import track as media
from webapp import uploads as predict
from webapp.context import STATE, Shared, close_catalog
from webapp.errors import TooBigError, WebError
from webapp.jobs import Jobs, ReportJobs
from webapp.map_worker import MapWorker
from webapp.security import guard
from webapp.settings import ServeSettings

log = logging.getLogger(__name__)

_FORM_BYTES = 2**20  # what stands around a file; Werkzeug reads it by 64 kB


def create_app(
    settings: ServeSettings,
    *,
    on_progress: Callable[[Level, float], None] = lambda _level, _share: None,
) -> Flask:
    """Return the application; it opens the catalog for reading, request by request.

    Parameters
    ----------
    settings : ServeSettings
    on_progress : callable
        Called with (level, share done) while a map is drawn.
    """
    app = Flask("webapp")
    app.request_class = predict.UploadRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.limits.max_bytes + _FORM_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = _FORM_BYTES
    app.config["MAX_FORM_PARTS"] = 16
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 300
    app.json.sort_keys = False  # type: ignore[attr-defined]
    map_worker = MapWorker(
        settings.catalog_url, seed=settings.map_seed, on_progress=on_progress
    )
    app.extensions[STATE] = Shared(
        settings, map_worker, Jobs(settings), ReportJobs(settings.catalog_url)
    )
    guard(app, settings)
    for blueprint in (pages.pages, api.api, predict.predict, media.media):
        app.register_blueprint(blueprint)
    formats.register(app)
    app.context_processor(_template_globals)
    app.teardown_appcontext(close_catalog)
    _register_errors(app)
    return app


def _template_globals() -> dict[str, Any]:
    return {
        "csrf_token": current_app.config["CSRF_TOKEN"],
        "version": version("sonicat"),
        "navigation": pages.NAVIGATION,
    }


def _register_errors(app: Flask) -> None:
    @app.errorhandler(WebError)
    def refused(error: WebError) -> Any:
        return _answer(error.status, str(error))

    @app.errorhandler(CatalogError)
    def no_catalog(error: CatalogError) -> Any:
        title = (
            "There is no catalog yet"
            if isinstance(error, CatalogMissingError)
            else "The catalog cannot be read"
        )
        return _answer(503, str(error), title)

    @app.errorhandler(ClassifyError)
    def nothing_learned(error: ClassifyError) -> Any:
        title = (
            "Nothing to report yet" if isinstance(error, NothingToReportError) else None
        )
        return _answer(409, str(error), title)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Any:
        if error.code == TooBigError.status:
            limit = app.config["MAX_CONTENT_LENGTH"] // 2**20
            return _answer(413, f"the file is larger than {limit} MB")
        return _answer(error.code or 500, _MESSAGES.get(error.code or 500, error.name))

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Any:
        log.error("%s %s", request.method, request.path, exc_info=error)
        return _answer(500, "something went wrong here; the server's log says what")


_MESSAGES = {
    404: "there is no such page",
    405: "this address does not take such a request",
}

_TITLES = {
    403: "Not allowed",
    404: "Not found",
    409: "Not yet",
    410: "The file is gone",
    413: "Too large",
    422: "This cannot be judged",
    503: "Busy",
}


def _answer(status: int, message: str, title: str | None = None) -> Any:
    """Return an error as JSON to a program, as a page to a person."""
    retry = {"Retry-After": "10"} if status == 503 else {}
    if request.path.startswith("/api/"):
        return {"error": message}, status, retry
    page = render_template(
        "error.html",
        title=title or _TITLES.get(status, "That did not work"),
        message=message,
        status=status,
    )
    return page, status, retry
