"""The log of scans."""

from __future__ import annotations

from sqlalchemy import select

from catalog.library import begin_scan, end_scan
from catalog.models import Scan


def test_a_scan_is_logged_from_its_beginning(catalog):
    number = begin_scan(catalog, {"jobs": 2, "paths": ["/müsic"]})
    with catalog.reading() as connection:
        scan = connection.execute(select(Scan)).one()
        assert (scan.ended_at, scan.outcome, scan.counts) == (None, None, {})
    end_scan(catalog, number, "done", {"new": 72, "hours": 4.5})
    with catalog.reading() as connection:
        scan = connection.execute(select(Scan)).one()
        assert scan.options == {"jobs": 2, "paths": ["/müsic"]}
        assert (scan.outcome, scan.counts) == ("done", {"new": 72, "hours": 4.5})
        assert scan.ended_at is not None
        assert scan.ended_at >= scan.started_at
