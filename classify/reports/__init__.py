"""Reports on stored runs: tables, charts, one HTML page."""
