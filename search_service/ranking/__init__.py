"""Ranking: the weights that decide the order, and how articles age."""
