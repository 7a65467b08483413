"""The live state: the index that answers, its verification, and the editors' decisions."""
