"""Search engines: one Protocol of promises, and the engines that keep them."""
