"""The index, and everything that writes it."""
