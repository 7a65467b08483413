"""The OpenSearch engine: an index of a cluster behind the contract of every engine."""
