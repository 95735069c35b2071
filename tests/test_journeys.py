"""How many files one opens to follow a scan, a classification and a track's page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys import BUDGETS, JOURNEYS


@pytest.mark.slow
@pytest.mark.parametrize("journey", sorted(JOURNEYS))
def test_a_journey_leads_through_few_files(journey: str, tmp_path: Path) -> None:
    files = sorted(JOURNEYS[journey](tmp_path))
    assert len(files) <= BUDGETS[journey], "\n".join(files)
    assert len(files) > BUDGETS[journey] // 2, "something is not traced"
