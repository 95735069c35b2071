"""The command `sonicat demo`."""

from __future__ import annotations

from pathlib import Path

import click
from tqdm import tqdm

from sonicat.options import SETTINGS


@click.command(context_settings=SETTINGS)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Another one, other music.")
@click.option("--force", is_flag=True, help="Write into DIR though it is not empty.")
def demo(folder: Path, seed: int, *, force: bool) -> None:
    """Write a small tagged library of synthesised music into DIR.

    Two artists with three albums each, in MP3, FLAC and Ogg. Try it with
    "scan DIR", "classify --all" and "report --by-album".
    """
    from scanner.demo.library import make_demo  # noqa: PLC0415 - NumPy: not for --help

    with tqdm(unit="track", disable=None, leave=False) as bar:

        def show(_path: Path, done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        paths = make_demo(folder, seed=seed, force=force, on_progress=show)
    click.echo(f"{len(paths)} tracks by 2 artists in {folder}: now run scan {folder}")
