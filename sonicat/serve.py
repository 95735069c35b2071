"""The command `sonicat serve`: options, a server, an exit status."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from sonicat.errors import INTERRUPTED
from sonicat.options import DB, SETTINGS
from webapp.settings import (
    MEGABYTE,
    ServeSettings,
    UploadLimits,
    is_loopback,
    new_token,
)

if TYPE_CHECKING:  # loads SQLAlchemy: not for --help
    from catalog.maps import Level


@click.command(context_settings=SETTINGS)
@DB
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen. Beyond this machine, readers need a token.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="0 takes any that is free.",
)
@click.option(
    "--token",
    envvar="SONICAT_TOKEN",
    metavar="TEXT",
    help="What readers must know ($SONICAT_TOKEN). Default: none on this machine "
    "alone, else one is made up and printed.",
)
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="A further name by which this server may be called; may be repeated.",
)
@click.option(
    "--run",
    "run_id",
    type=int,
    metavar="ID",
    help="The run to show. Default: the newest.",
)
@click.option(
    "--map",
    "level",
    type=click.Choice(["tracks", "windows"]),
    default="tracks",
    show_default=True,
    help="windows: a map of the windows, too; a thousand take about 4 s of one core.",
)
@click.option(
    "--map-seed", type=int, default=0, show_default=True, help="Of the map's chance."
)
@click.option(
    "--max-upload",
    type=click.IntRange(1, 4096),
    default=256,
    show_default=True,
    metavar="MB",
    help="The largest file that is taken.",
)
@click.option(
    "--max-minutes",
    type=click.IntRange(1, 24 * 60),
    default=60,
    show_default=True,
    help="The longest audio that is taken.",
)
@click.option("--no-browser", is_flag=True, help="Open no browser.")
@click.version_option(package_name="sonicat")
def serve(**options: Any) -> None:
    """Show the catalog as a page: the map, every track, the reports, and judge a file.

    Nothing is changed but the map, which is drawn once and kept. Ctrl-C ends it. Exit
    status: 130 ended, 1 cannot listen, 2 wrong usage.
    """
    try:
        settings = _settings(options)
        run(settings, browser=not options["no_browser"])
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _settings(options: dict[str, Any]) -> ServeSettings:
    token = options["token"]
    if not token and not is_loopback(options["host"]):
        token = new_token()
    return ServeSettings(
        catalog_url=options["db"],
        run_id=options["run_id"],
        host=options["host"],
        port=options["port"],
        token=token or None,
        allowed_hosts=tuple(name.lower() for name in options["allow_host"]),
        map_seed=options["map_seed"],
        windows_map=options["level"] == "windows",
        limits=UploadLimits(
            max_bytes=options["max_upload"] * MEGABYTE,
            max_audio_s=options["max_minutes"] * 60.0,
        ),
    )


def run(settings: ServeSettings, *, browser: bool) -> None:
    """Serve until interrupted.

    Raises
    ------
    ServeError
        The address cannot be listened on, or there is no such run.
    """
    from webapp.server import make_server  # noqa: PLC0415 (loads Flask)

    with _drawing_progress() as on_progress:
        server = make_server(settings, on_progress)
        click.echo(f"The page is at {server.address}\nCtrl-C ends it.")
        if browser and _has_desktop():
            webbrowser.open(server.address)
        server.run()
        sys.exit(INTERRUPTED)


@contextmanager
def _drawing_progress() -> Iterator[Callable[[Level, float], None]]:
    """Show a bar on stderr while a map is drawn; no terminal, no bar."""
    bars: dict[Level, Any] = {}

    def on_progress(level: Level, share: float) -> None:
        if level not in bars:
            bars[level] = tqdm(
                total=100,
                desc=f"map of the {level}",
                unit="%",
                file=sys.stderr,
                disable=None,
                leave=False,
            )
        bars[level].update(round(100 * share) - bars[level].n)
        if share >= 1.0:
            bars.pop(level).close()

    try:
        yield on_progress
    finally:
        for bar in bars.values():
            bar.close()


def _has_desktop() -> bool:
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
