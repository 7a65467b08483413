"""Correction: what a misspelt query probably meant."""
