"""Tracks encoded anew, so that what a lossy codec does to their features is seen."""
