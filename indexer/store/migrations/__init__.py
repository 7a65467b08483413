"""The history of the store's schema, one file for each step under ``versions/``. A released step is never edited."""
