"""The command `sonicat predict`: judge files that are not in the catalog."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonicat.errors import SOME_FAILED
from sonicat.options import DB

if TYPE_CHECKING:
    from classify.predict import Verdict

_NEXT = {
    "identify": "name a file that holds music",
    "decode": "it may be damaged: try another copy",
    "features": "name one with 5 s of sound or more",
}
"""What to do about a file that failed, by the stage in which it did."""
_ELSE = "see whether it can be read"


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=bytes),
    metavar="FILE...",
)
@DB
@click.option(
    "--run", "run_id", type=int, metavar="ID", help="A run. Default: the newest."
)
@click.option(
    "--whole",
    is_flag=True,
    help="Hear all windows. Default: some from the middle, moved at random.",
)
@click.option(
    "--unknown-below",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Say unknown when the best label is less probable. Default: the run's.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the offset.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.version_option(package_name="sonicat")
def predict(files: tuple[bytes, ...], **options: Any) -> int:
    """Say which label each FILE sounds like, by the model of a stored run.

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but some files failed.
    """
    from catalog.schema import open_catalog  # noqa: PLC0415
    from classify.predict import Judge  # noqa: PLC0415
    from scanner.exceptions import ScannerError  # noqa: PLC0415 (after the limits)

    verdicts: list[Verdict] = []
    failed = 0
    with open_catalog(options["db"], mode="read") as catalog:
        judge = Judge.of_run(catalog, options["run_id"])
    for path in files:
        try:
            verdict = judge(
                path,
                whole=options["whole"],
                unknown_below=options["unknown_below"],
                seed=options["seed"],
            )
        except (ScannerError, OSError) as error:
            failed += 1
            click.echo(f"{_readable(path)}: {_why_not(path, error)}", err=True)
            continue
        verdicts.append(verdict)
        if not options["as_json"]:
            _show(verdict)
    if options["as_json"]:
        click.echo(json.dumps([v.as_json() for v in verdicts], indent=2))
    return SOME_FAILED if failed else 0


def _why_not(path: bytes, error: Exception) -> str:
    """Return why a file was not judged, and what to do about it."""
    if not os.path.lexists(path):
        return "there is no such file; check the path"
    if Path(os.fsdecode(path)).is_dir():
        return "this is a folder; name the files in it"
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return f"{reason}; {_NEXT.get(getattr(error, 'stage', ''), _ELSE)}"


def _show(verdict: Verdict) -> None:
    ranked = ", ".join(f"{label} {p:.2f}" for label, p in verdict.ranked[:3])
    sys.stdout.buffer.write(
        f"{_readable(verdict.path)}: {verdict.label} ({ranked}; "
        f"{verdict.windows} windows)\n".encode("utf-8", "backslashreplace")
    )
    sys.stdout.flush()


def _readable(path: bytes) -> str:
    return os.fsdecode(path).encode("utf-8", "backslashreplace").decode()
