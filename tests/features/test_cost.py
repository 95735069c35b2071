"""Memory that does not grow, kernels that are kept, modules that stay light."""

import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from scanner.features.definition import SR
from scanner.features.extractor import Extractor
from scanner.features.kernels import PARTS, cache_folder, prune
from scanner.features.timing import Stopwatch

COMPILING = "compiling the analysis for this machine, once ..."
ROOT = Path(__file__).resolve().parents[2]


def test_cpu_time_is_shared_out_as_wall_time_was():
    stopwatch = Stopwatch()
    stopwatch.start()
    for stage in ("first", "second"):
        np.random.default_rng(0).standard_normal(100_000)
        stopwatch.lap(stage)
    stopwatch.stop()
    first, second = stopwatch.stages()
    assert first.cpu_s / first.wall_s == pytest.approx(second.cpu_s / second.wall_s)


def peak_of(minutes):
    """Return the peak of traced memory over a stream of noise, in bytes."""
    block = 0.1 * np.random.default_rng(0).standard_normal((SR * 10, 1), np.float32)
    tracemalloc.start()
    extractor = Extractor(SR, 1)
    for _ in range(minutes * 6):
        extractor.push(block)
    extractor.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.slow
def test_memory_does_not_depend_on_length():
    """Twenty minutes more are worth what is kept of them, and no more."""
    peak_of(1)  # compiles, and fills caches
    short, long = peak_of(10), peak_of(30)
    assert short < 30e6
    assert long - short < 2e6


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_kernels_are_kept_where_they_can_be(tmp_path):
    code = "from scanner.features.kernels import cache_folder; print(cache_folder())"
    named = run(code, NUMBA_CACHE_DIR=str(tmp_path / "named"))
    assert Path(named).parent == tmp_path / "named"
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    nowhere = {"NUMBA_CACHE_DIR": f"{blocked}/a", "XDG_CACHE_HOME": f"{blocked}/b"}
    home = {"HOME": f"{blocked}/c", "TMPDIR": str(tmp_path)}
    fallen_back = run(code, **nowhere, **home)
    assert Path(fallen_back).is_relative_to(tmp_path)


def test_kernels_work_without_any_folder():
    code = (
        "import scanner.features.kernels as c\n"
        "c._make_writable = lambda folder: False\n"
        "from scanner.features.extractor import downmix\n"
        "import numpy as np\n"
        "print(c.cache_folder(), downmix(np.ones((3, 2), np.float32)).tolist())"
    )
    assert run(code) == "None [1.0, 1.0, 1.0]"


def test_a_second_process_compiles_nothing(tmp_path):
    code = (
        "from scanner.features import waveform\n"
        "print(sum(waveform.downmix_channels.stats.cache_hits.values()))"
    )
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == "0"
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == "1"


def test_the_definition_is_light():
    code = (
        "import sys, scanner.features, scanner.features.definition as d\n"
        "d.feature_set()\n"
        "print([m for m in ('numpy', 'numba', 'scipy', 'librosa') if m in sys.modules])"
    )
    assert run(code) == "[]"


def test_who_asks_whether_kernels_are_compiled_loads_none_of_them():
    code = (
        "import sys\n"
        "from scanner.features.kernels import are_compiled\n"
        "are_compiled()\n"
        "print([m for m in ('numpy', 'numba', 'llvmlite') if m in sys.modules])"
    )
    assert run(code) == "[]"


def test_the_engine_does_not_need_librosa():
    code = (
        "import sys, scanner.features.extractor\n"
        "print([m for m in ('librosa', 'sklearn', 'soundfile') if m in sys.modules])"
    )
    assert run(code) == "[]"


def test_every_module_with_kernels_is_compiled_ahead():
    folder = ROOT / "scanner" / "features"
    kernels = {
        ".".join(p.relative_to(folder).with_suffix("").parts)
        for p in folder.rglob("*.py")
        if "\n@kernel(" in p.read_text("utf-8")
    }
    assert kernels == {module for part in PARTS for module in part}


def test_kernels_are_compiled_ahead_once(tmp_path):
    code = (
        "from scanner.features.kernels import compile_once\n"
        "compile_once(print)\n"
        "compile_once(lambda text: print('again'))"
    )
    kept = cache_folder()
    compiled = tmp_path / Path(kept).name
    shutil.copytree(kept, compiled)
    (compiled / "complete").unlink(missing_ok=True)
    before = {path.name for path in compiled.rglob("*.nbc")}
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == COMPILING
    assert {path.name for path in compiled.rglob("*.nbc")} >= before != set()


def test_only_what_is_long_unused_is_pruned(tmp_path):
    current, recent, old = (tmp_path / f"kernels-{name}" for name in "abc")
    for folder in (current, recent, old, tmp_path / "other"):
        folder.mkdir()
    for folder in (current, old, tmp_path / "other"):
        os.utime(folder, (0, 0))
    prune(current)
    assert current.exists()
    assert recent.exists()
    assert (tmp_path / "other").exists()
    assert not old.exists()
