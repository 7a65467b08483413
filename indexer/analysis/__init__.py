"""Turns text into tokens: folds characters, cuts words, filters them; analyzers by name."""
