"""What the documentation says of the feature set is what the engine computes."""

from pathlib import Path

import pytest

from scanner.features.definition import (
    COLUMNS,
    ENERGY_CHANGE,
    SERIES,
    VECTOR_NAMES,
    feature_set,
)

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "features.md").read_text()


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_is_documented(name):
    assert name in DOCUMENT


def test_documented_numbers_are_the_definitions():
    assert f"{len(VECTOR_NAMES)} entries" in DOCUMENT
    assert f"more than {ENERGY_CHANGE} times the mean" in DOCUMENT


def test_names_are_distinct_and_in_the_stated_order():
    names = feature_set().names
    assert len(set(names)) == len(names) == len(COLUMNS) + 2 * len(SERIES)
    assert names[: len(COLUMNS)] == COLUMNS
    assert names[len(COLUMNS)] == "mfcc_00_mean"
    assert names[-1] == "chroma_11_std"


def test_windows_are_part_of_the_identity():
    assert feature_set(10.0, 5.0).parameters != feature_set().parameters
    assert feature_set(30.0, 10.0).parameters == feature_set().parameters
