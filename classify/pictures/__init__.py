"""Reports as pictures: a table in, an SVG document out, no library needed.

Nothing here prints or reads; `png` alone starts a program and writes. The documents
hold no script and no outside reference; their colours are classes, so that one
stylesheet serves light and dark.
"""
