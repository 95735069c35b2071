"""How many files one opens to follow a scan, a classification and a track's page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys import BUDGETS, JOURNEYS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journeys")


@pytest.mark.slow
@pytest.mark.parametrize("journey", JOURNEYS)
def test_a_journey_leads_through_few_files(journey: str, folder: Path) -> None:
    files = sorted(JOURNEYS[journey](folder))
    assert len(files) <= BUDGETS[journey], "\n".join(files)
    assert len(files) > BUDGETS[journey] // 2, "something is not traced"
