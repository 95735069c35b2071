"""Waitress server of the web pages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from waitress.server import create_server

from catalog.exceptions import CatalogError
from catalog.maps import Level
from catalog.runs import load_run
from catalog.schema import open_catalog
from webapp.app import create_app
from webapp.context import STATE
from webapp.errors import ServeError
from webapp.sandbox import end_all
from webapp.settings import ServeSettings

_THREADS = 8
_MOST_CONNECTIONS = 100
_IDLE_S = 60


@dataclass(frozen=True, eq=False)
class RunningServer:
    """A server that listens, and the address to open."""

    server: Any
    app: Flask
    address: str

    def run(self) -> None:
        """Serve until interrupted, then end what is under way."""
        try:
            self.server.run()  # returns when it is interrupted
        finally:
            self.app.extensions[STATE].jobs.shut_down()
            end_all()


def make_server(
    settings: ServeSettings, on_progress: Callable[[Level, float], None]
) -> RunningServer:
    """Return a server that listens, its map begun.

    Parameters
    ----------
    settings : ServeSettings
    on_progress : callable
        Called with (level, share done) while a map is drawn.

    Raises
    ------
    ServeError
        The address cannot be listened on, or there is no such run.
    """
    logging.basicConfig(format="%(name)s: %(message)s")
    app = create_app(settings, on_progress=on_progress)
    _begin_map(app, settings)
    try:
        server = create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=_THREADS,
            connection_limit=_MOST_CONNECTIONS,
            channel_timeout=_IDLE_S,
            max_request_body_size=app.config["MAX_CONTENT_LENGTH"],
            ident=None,
        )
    except OSError as error:
        raise ServeError(
            f"{settings.host}:{settings.port} cannot be listened on "
            f"({error.strerror}); name another with --port or --host"
        ) from error
    return RunningServer(server, app, _address(settings, _port(server)))


def _begin_map(app: Flask, settings: ServeSettings) -> None:
    """Start drawing; what is wrong with the catalog is told by the page itself."""
    number = settings.run_id
    try:
        with open_catalog(settings.catalog_url, mode="read") as catalog:
            if number is not None and load_run(catalog, number) is None:
                raise ServeError(
                    f"--run {number}: there is no such run; leave it out for the newest"
                )
            app.extensions[STATE].map_worker.get_chart(catalog)
    except CatalogError as error:
        logging.getLogger(__name__).warning("%s", error)


def _port(server: Any) -> int:
    """Return the port; a name such as localhost gives a server for each address."""
    listening = getattr(server, "effective_listen", None)
    return int(listening[0][1] if listening else server.effective_port)


def _address(settings: ServeSettings, port: int) -> str:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104 (compared)
    shown = f"[{host}]" if ":" in host else host
    token = f"?token={settings.token}" if settings.token else ""
    return f"http://{shown}:{port}/{token}"
