"""The files of a columnar index: writes, merges, checks and opens arrays, segments and commits."""
