"""The Whoosh engine: the columnar index with Whoosh's BM25, which Whoosh itself can open too."""
