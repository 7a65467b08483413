"""What the program says, in Chinese: the texts by their English templates, and the names of what stands in them."""
