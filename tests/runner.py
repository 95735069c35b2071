"""A runner of commands inside the test: what they print, and how they end."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from typing import Any

import click
from click.testing import CliRunner, Result

from catalog.exceptions import SonicatError
from sonicat.errors import report_error


class Runner(CliRunner):
    """Runs a command as `sonicat.main` does: an error is a line and an exit status."""

    def invoke(self, cli: click.Command, *arguments: Any, **more: Any) -> Result:
        """Run a command to its end, whatever that is."""
        result = super().invoke(cli, *arguments, **more)
        if isinstance(result.exception, SonicatError):
            with redirect_stderr(io.TextIOWrapper(io.BytesIO())) as written:
                result.exit_code = report_error(
                    str(cli.name), result.exception, str(cli.name)
                )
            written.flush()
            line = written.buffer.getvalue()
            result.stderr_bytes = (result.stderr_bytes or b"") + line
            result.output_bytes += line
        return result
