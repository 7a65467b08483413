"""The index: what it is made of, how it is written, and how it is searched."""
