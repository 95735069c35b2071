"""Web pages of a library: its map, its reports, predictions for uploads."""
