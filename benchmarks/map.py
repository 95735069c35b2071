"""Benchmark of the map: drawing, first paint of its page, moving 100 000 points."""

# python benchmarks/map.py [--points 10000] [--tracks 10000] [--moved 100000]
#
# Needs a Chromium for the last two. The catalog is made up: tracks of three windows
# each, with vectors around a hundred centres, stored through the same functions as a
# scan's. Headless Chromium draws without a graphics card here, so that the frame times
# are those of two processor cores, not of a GPU.

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from catalog.library import ensure_root
from catalog.records import (
    Analysis,
    Stamp,
    StreamFacts,
    TagFacts,
    TrackScanned,
    Windows,
)
from catalog.schema import open_catalog
from catalog.store_scan import store_batch
from classify.map.map import draw_map, place_points
from scanner.features.definition import COLUMNS, VECTOR_NAMES, feature_set
from webapp.app import create_app
from webapp.context import STATE
from webapp.settings import ServeSettings

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
BATCH = 500
WINDOWS = 3

FRAMES = """async (n) => {
  const { PointCloud } = await import("/static/points.js");
  const canvas = document.getElementById("points");
  const fresh = canvas.cloneNode();
  canvas.replaceWith(fresh);
  const cloud = new PointCloud(fresh);
  const x = Float32Array.from({ length: n }, () => Math.random() * 2 - 1);
  const y = Float32Array.from({ length: n }, () => Math.random() * 2 - 1);
  cloud.setPoints(x, y, []);
  const look = (_, i) => ({ colour: [30 * i, 114, 178], shape: i % 4 });
  const looks = Array.from({ length: 8 }, look);
  cloud.setStyle((i) => looks[i % 8]);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const pixel = new Uint8Array(4);
  // until it is drawn
  const wait = () => cloud.gl.readPixels(0, 0, 1, 1, 6408, 5121, pixel);
  const times = { whole: [], moving: [], picking: [] };
  for (let k = 0; k < 20; k++) {
    const before = performance.now();
    cloud.drawPoints(1);
    wait();
    times.whole.push(performance.now() - before);
  }
  let last = performance.now();
  for (let k = 0; k < 90; k++) {
    cloud.pan(3, 1);
    await frame();
    wait();
    const now = performance.now();
    times.moving.push(now - last);
    last = now;
    cloud.pick(300 + k, 300);
    times.picking.push(performance.now() - now);
  }
  const start = performance.now();
  cloud.setStyle((i) => looks[i % 8]);
  return { ...times, step: cloud.step, restyle: performance.now() - start };
}"""


def make_vectors(n: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    random = np.random.default_rng(seed)
    centres = random.normal(0, 2, (100, len(VECTOR_NAMES)))
    rows = centres[random.integers(100, size=n)]
    return (rows + random.normal(0, 1, rows.shape)).astype(np.float32)


def time_drawing(n: int) -> None:
    rows = make_vectors(n)
    cpu, wall = time.process_time(), time.perf_counter()
    drawn = draw_map(rows, seed=0)
    print(
        f"drawing {n} points: {time.process_time() - cpu:.1f} CPU s, "
        f"{time.perf_counter() - wall:.1f} s on the clock, one thread"
    )
    cpu = time.process_time()
    place_points(drawn, rows[:1] + np.float32(0.1))
    print(f"placing one more: {time.process_time() - cpu:.2f} CPU s")


def store_made_up(n: int, path: Path) -> None:
    """Store `n` tracks of ten on an album, ten albums an artist."""
    facts, rows = feature_set(), make_vectors(n * WINDOWS)
    start = np.arange(WINDOWS) * 10.0
    with open_catalog(str(path)) as catalog:
        root = ensure_root(catalog, b"/nowhere")
        for first in range(0, n, BATCH):
            store_batch(
                catalog,
                [
                    TrackScanned(
                        root.id,
                        f"{i}.mp3".encode(),
                        Stamp(1, 1),
                        f"{i:032x}",
                        TagFacts(
                            title=f"Track {i}",
                            artists=(f"Artist {i // 100}",),
                            albumartist=f"Artist {i // 100}",
                            album=f"Album {i // 10}",
                            date=str(1960 + i % 60),
                        ),
                        StreamFacts(container="mp3", codec="mp3", duration_s=60.0),
                        Analysis(
                            facts,
                            "ok",
                            60.0,
                            Windows(
                                start,
                                np.full(WINDOWS, 30.0),
                                np.zeros(WINDOWS, bool),
                                dict.fromkeys(COLUMNS, np.ones(WINDOWS)),
                                rows[i * WINDOWS : (i + 1) * WINDOWS],
                            ),
                            (),
                            -14.0,
                            "ffmpeg",
                        ),
                    )
                    for i in range(first, min(first + BATCH, n))
                ],
            )


def serve(path: Path) -> tuple[str, Any]:
    from waitress.server import create_server

    app = create_app(ServeSettings(catalog_url=str(path)))
    app.test_client().get("/api/map")
    app.extensions[STATE].map_worker.wait()
    server = create_server(app, host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    return f"http://127.0.0.1:{server.effective_port}/", server


def time_browser(tracks: int, moved: int) -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "catalog.db"
        store_made_up(tracks, path)
        address, server = serve(path)
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for when in ("first", "again", "a third time"):
            page = browser.new_page(viewport={"width": 1200, "height": 800})
            page.goto(address)
            page.wait_for_selector("#drawing", state="hidden", timeout=120_000)
            paint, sent, shown = page.evaluate(
                "() => [performance.getEntriesByName('first-contentful-paint')[0]"
                ".startTime, performance.getEntriesByType('navigation')[0]"
                ".responseStart, performance.now()]"
            )
            print(
                f"page of {tracks} tracks, {when}: the server answers after "
                f"{sent:.0f} ms, first paint after {paint:.0f} ms, all points after "
                f"{shown:.0f} ms"
            )
        times = page.evaluate(FRAMES, moved)
        moving = sorted(times["moving"][10:])
        print(
            f"{moved} points: drawing all {statistics.median(times['whole']):.1f} ms; "
            f"while they move a frame every {statistics.median(moving):.1f} ms, one in "
            f"twenty slower than {moving[int(0.95 * len(moving))]:.1f} ms, with every "
            f"{times['step']}. point drawn; colouring {times['restyle']:.0f} ms; the "
            f"one under the pointer {max(times['picking']):.2f} ms at most"
        )
        browser.close()
        server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--tracks", type=int, default=10_000)
    parser.add_argument("--moved", type=int, default=100_000)
    options = parser.parse_args()
    time_drawing(options.points)
    time_browser(options.tracks, options.moved)
