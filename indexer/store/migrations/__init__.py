"""The history of the store's schema, one file a step under ``versions/``. Steps are never edited once released."""
