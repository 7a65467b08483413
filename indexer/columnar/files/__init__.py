"""The files of a columnar index: arrays, segments and commits, how they are written, merged, checked and opened."""
