"""Worker processes that joblib replaces: a real one whose memory grows."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import contextlib, sys, time
from joblib import Parallel, delayed
from joblib.externals.loky import process_executor
from scanner.signals import worker_replacement_silenced

held = []

def grow(n):
    process_executor._MAX_MEMORY_LEAK_SIZE = 1e7
    process_executor._MEMORY_LEAK_CHECK_DELAY = 0.0
    sys.modules[process_executor.__name__].held = getattr(process_executor, "held", [])
    process_executor.held.append(bytearray(b"x") * 20_000_000)
    return n

quietly = sys.argv[1] == "quietly"
with worker_replacement_silenced() if quietly else contextlib.nullcontext():
    print(Parallel(n_jobs=2, pre_dispatch="all")(delayed(grow)(n) for n in range(40)))
"""


def run(how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True
    )


def test_a_worker_that_is_replaced_costs_neither_a_task_nor_a_word() -> None:
    loud, quiet = run("loudly"), run("quietly")
    assert "A worker stopped" in loud.stderr
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout == f"{list(range(40))}\n"
