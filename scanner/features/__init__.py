"""Windowed audio features: arrays in, arrays out."""
