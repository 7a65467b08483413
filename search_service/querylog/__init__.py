"""The query log: what was searched for and clicked, and the lists that are made of it."""
