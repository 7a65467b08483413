"""Rebuilding: from the store to a live index; whole, or only what changed since."""
