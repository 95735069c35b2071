"""The map of a library: tracks or windows laid out in the plane by their sound.

Arrays in, arrays out. A map keeps what it takes to place further points on it, so that
a new track finds its place without moving the others.
"""
