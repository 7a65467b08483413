"""Evaluation: how good search and the related articles are, measured on judged sets."""
