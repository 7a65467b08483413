"""Measurements that run the product and a peer side by side. Not part of the tests. benchmarks/RESULTS.md has the results."""
