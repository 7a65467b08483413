"""Search engines: the Protocol that defines an engine, and the engines that implement it."""
