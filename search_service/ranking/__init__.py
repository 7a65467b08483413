"""Ranking: the numbers that decide what comes first, and how articles age."""
