"""A small library of synthesised music, to try everything on."""
