"""A Whoosh codec, index, writer and searcher on memory-mapped numpy arrays.

This package knows nothing of articles, analyzers or generations: terms are bytes, fields have names and kinds. It could be
a separate distribution. docs/columnar-format.md describes the files byte by byte.
"""
