"""Rebuilding: builds the index from the whole store, or applies the store's changes to the live index."""
