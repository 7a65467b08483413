"""Measurements beside a peer in one run. Not part of the tests; results are in benchmarks/RESULTS.md."""
