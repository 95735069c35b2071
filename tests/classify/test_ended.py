"""A command that is ended leaves no process behind that fits models for nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil
import pytest

PATIENCE_S = 60.0


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


@pytest.fixture
def fitting(make_catalog, make_dataset, tagged):
    """Return a real `classify` with two workers, busy with forests for a minute."""
    path = make_catalog(tagged(make_dataset(albums=10, windows=20)))
    command = [sys.executable, "-m", "sonicat", "classify", "--all", "-j", "2"]
    command += ["--model", "random-forest", "--model", "bagging", "--db", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def workers(process):
    found = psutil.Process(process.pid).children(recursive=True)
    return [p for p in found if "LokyProcess" in " ".join(p.cmdline())]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_command(fitting, number):
    assert until(lambda: len(workers(fitting)) == 2)
    left = workers(fitting)
    until(lambda: all(p.cpu_times().user > 1.5 for p in left))  # at work, not loading
    fitting.send_signal(number)
    _, said = fitting.communicate(timeout=PATIENCE_S)
    _, alive = psutil.wait_procs(left, timeout=PATIENCE_S)
    assert not alive
    if number == signal.SIGTERM:
        assert fitting.returncode == 130
        assert said.strip() == "interrupted: a run is stored whole or not at all"
