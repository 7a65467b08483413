"""Understanding a query: from typed text to a tree, with its words, synonyms and filters."""
