"""Charts: a table of a report in, an SVG document out."""
