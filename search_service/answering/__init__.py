"""Answering a search: which rung of the ladder, pins, the page, and why hits have their scores."""
