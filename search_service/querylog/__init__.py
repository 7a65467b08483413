"""The query log: what readers searched for and clicked, and the lists made from it."""
