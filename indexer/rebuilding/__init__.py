"""Rebuilding: makes or updates the live index from the store, whole or by its changes."""
