"""A small library of synthesized music, to try everything on."""
