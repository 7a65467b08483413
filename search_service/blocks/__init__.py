"""The blocks of a portal page beside the search: related articles, the latest articles, suggestions."""
