"""The command `sonicat predict`: labels for files that are not in the catalog."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.schema import open_catalog
from scanner.exceptions import ScannerError
from sonicat.errors import SOME_FAILED
from sonicat.options import DB, SETTINGS

if TYPE_CHECKING:  # loads scikit-learn: not for --help
    from classify.predict import FilePrediction

_NEXT = {
    "identify": "name a file that holds music",
    "decode": "it may be damaged: try another copy",
    "features": "name one with 5 s of sound or more",
}
"""What to do about a file that failed, by the stage in which it did."""
_ELSE = "see whether it can be read"


@click.command(context_settings=SETTINGS)
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
    # Loads the decoders and scikit-learn: not for --help.
    from classify.measure import measure_file  # noqa: PLC0415
    from classify.predict import load_predictor, predict_file  # noqa: PLC0415

    with open_catalog(options["db"], mode="read") as catalog:
        predictor = load_predictor(catalog, options["run_id"])
    documents = []
    failed = 0
    for path in files:
        try:
            found = predict_file(
                measure_file(path, predictor.facts),
                predictor,
                whole=options["whole"],
                unknown_below=options["unknown_below"],
                seed=options["seed"],
            )
        except (ScannerError, OSError) as error:
            failed += 1
            click.echo(f"{_readable(path)}: {_why_not(path, error)}", err=True)
            continue
        documents.append(_document(path, found))
        if not options["as_json"]:
            _show(path, found)
    if options["as_json"]:
        click.echo(json.dumps(documents, indent=2))
    return SOME_FAILED if failed else 0


def _document(path: bytes, found: FilePrediction) -> dict[str, Any]:
    """Return a prediction as values that JSON takes."""
    return {
        "path": os.fsdecode(path).encode("utf-8", "replace").decode(),
        "label": found.label,
        "probability": found.ranked[0][1],
        "probabilities": dict(found.ranked),
        "windows": found.n_windows,
        "run": found.run.id,
    }


def _why_not(path: bytes, error: Exception) -> str:
    """Return why a file was not judged, and what to do about it."""
    if not os.path.lexists(path):
        return "there is no such file; check the path"
    if Path(os.fsdecode(path)).is_dir():
        return "this is a folder; name the files in it"
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return f"{reason}; {_NEXT.get(getattr(error, 'stage', ''), _ELSE)}"


def _show(path: bytes, found: FilePrediction) -> None:
    ranked = ", ".join(f"{label} {p:.2f}" for label, p in found.ranked[:3])
    sys.stdout.buffer.write(
        f"{_readable(path)}: {found.label} ({ranked}; "
        f"{found.n_windows} windows)\n".encode("utf-8", "backslashreplace")
    )
    sys.stdout.flush()


def _readable(path: bytes) -> str:
    return os.fsdecode(path).encode("utf-8", "backslashreplace").decode()
