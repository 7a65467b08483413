"""Asks the index and speaks HTTP."""
