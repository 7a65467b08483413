"""The article store: the source of truth. Every index can be rebuilt from it."""
