"""The article store: the truth from which every index can be rebuilt."""
