"""Excerpts: the marked passages of a hit, and the leads of articles."""
