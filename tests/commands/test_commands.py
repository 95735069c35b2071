"""The command group: help, documentation, errors in one line, quick starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sonicat.main import COMMANDS, group
from sonicat.reference import page, walk

DOCS = Path(__file__).resolve().parents[2] / "docs"
EVERY = list(walk(group, "sonicat"))
HEAVY = {"av", "librosa", "numba", "scipy", "sklearn", "joblib", "sqlalchemy", "numpy"}


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sonicat", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | more,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[path for path, _ in EVERY])
def test_every_command_and_option_says_what_it_is_for(
    path: str, command: click.Command
) -> None:
    assert command.help, path
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{path} {parameter.opts}"


def test_the_reference_page_is_what_the_commands_say() -> None:
    assert (DOCS / "commands.md").read_text() == page(), (
        "run: python -m sonicat.reference > docs/commands.md"
    )


def test_the_reference_page_is_the_same_whatever_ran_before() -> None:
    """Click keeps the first help option of a command; its names must not differ."""
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from sonicat.main import COMMANDS, load\n"
        "for name in COMMANDS if sys.argv[1] == 'ran' else ():\n"
        "    assert CliRunner().invoke(load(name), ['-h']).exit_code == 0, name\n"
        "from sonicat.reference import page\n"
        "sys.stdout.write(page())\n"
    )
    fresh, ran = (
        subprocess.run(
            [sys.executable, "-c", code, which],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for which in ("fresh", "ran")
    )
    assert fresh == ran


def test_every_command_of_the_group_is_there() -> None:
    assert set(group.list_commands(click.Context(group))) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_loads_nothing_heavy(name: str) -> None:
    script = (
        "import sys\n"
        "from sonicat.main import main\n"
        "try:\n"
        f"    main([{name!r}, '--help'])\n"
        "except SystemExit:\n"
        "    pass\n"
        "print('|'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {module.partition(".")[0] for module in done.stderr.split("|")}
    assert not loaded & HEAVY
    assert done.stdout.startswith("Usage:")


@pytest.mark.slow
def test_a_rescan_with_nothing_to_do_loads_nothing_heavy(tmp_path: Path) -> None:
    import soundfile

    music = tmp_path / "music"
    music.mkdir()
    soundfile.write(music / "one.wav", [0.1] * 8000, 8000)
    line = ["scan", "--db", str(tmp_path / "c.db"), "-q", str(music)]
    assert run(*line).returncode == 0
    script = (
        "import sys\n"
        "from sonicat.main import main\n"
        "try:\n"
        f"    main({line!r})\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "print('|'.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {module.partition(".")[0] for module in done.stdout.split("|")}
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["scna"], 2, "did you mean scan"),
        (["xyz"], 2, "no command 'xyz'"),
        (["scan", "--bogus"], 2, "--bogus"),
        (["scan", "-j", "0", "."], 2, "--jobs"),
        (["scan", "--hop", "40", "."], 2, "--hop is longer than --window"),
        (["scan", "--timeout", "soon", "."], 2, "no length of time"),
        (["scan", "/there/is/no/such/place"], 2, "/there/is/no/such/place"),
        (["scan"], 2, "name one"),
        (["scan", "--db", "/dev/null/c.db", "."], 1, "/dev/null/c.db"),
        (["scan", "--db", __file__, "."], 1, __file__),
    ],
)
def test_errors_are_one_line_and_a_status(
    arguments: list[str], status: int, says: str, tmp_path: Path
) -> None:
    done = run(*arguments, SONICAT_DB=str(tmp_path / "catalog.db"))
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.count("\n") == 1, done.stderr
    assert says in done.stderr


def test_no_arguments_show_the_commands() -> None:
    done = run()
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)
    assert run("--version").stdout.startswith("sonicat")


def test_output_that_cannot_be_written_is_one_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sonicat", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    said = "sonicat: the output cannot be written: No space left on device\n"
    assert done.stderr == said


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    line = f"{sys.executable} -m sonicat scan --help | true"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_a_letter_that_the_terminal_lacks_is_no_error() -> None:
    shown = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import click; from sonicat import main; "
            "main.group = click.command()(lambda: click.echo('Ō')); "
            "main.run('sonicat', [])",
        ],
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (shown.returncode, shown.stdout) == (0, b"\\u014c\n")


def test_the_place_of_the_catalog_is_printed_as_it_is() -> None:
    """Whatever the terminal shows, `sqlite3 "$(sonicat db path)"` must find it."""
    shown = run("db", "path", "--db", "/tmp/Ō.db", PYTHONIOENCODING="latin-1")
    assert shown.stdout == "/tmp/Ō.db\n"
