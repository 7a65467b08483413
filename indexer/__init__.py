"""What the index is, and how it is written."""
