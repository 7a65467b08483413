"""From text to tokens: fold characters, cut, filter; analyzers by name."""
