"""The commands of ``python -m indexer``, and what they print."""
