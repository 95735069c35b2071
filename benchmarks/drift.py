"""Draw how far re-encoding moves features: the most and the least moved, as SVG.

python benchmarks/drift.py --db catalog.db --variant mp3:64k -o docs/images/drift.svg
"""

from __future__ import annotations

import argparse
from pathlib import Path

from catalog.session import open_catalog
from classify.pictures.bars import Bar, bars
from classify.reports.codecs import drifted

MOST, LEAST = 20, 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", required=True)
    parser.add_argument("--variant", default="mp3:64k")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    with open_catalog(options.db, mode="read") as catalog:
        table = drifted(catalog)
    names = [column.name for column in table.columns]
    at = names.index(options.variant)
    rows = sorted(((row[at], row[0]) for row in table.rows), reverse=True)
    shown = [*rows[:MOST], *rows[-LEAST:]]
    picture = bars(
        f"How far {options.variant} moves features",
        [Bar(name, moved, shown=f"{moved:.2f}") for moved, name in shown],
        axis="RMS change, in deviations between tracks",
        top=max(moved for moved, _ in shown),
    )
    options.output.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
