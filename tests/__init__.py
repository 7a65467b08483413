"""Tests, laid out like the tree that they test."""
