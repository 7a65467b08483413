"""The commands of ``python -m search_service``, and what they print."""
