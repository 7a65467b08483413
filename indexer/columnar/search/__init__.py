"""Searches a columnar index: plans, their evaluation, scores and the best documents. Reads files, writes none."""
