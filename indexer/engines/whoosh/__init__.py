"""The Whoosh engine: Whoosh's schema, query objects and BM25F on columnar segments."""
