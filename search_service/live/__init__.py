"""What is live now: the index that answers, its verification, and the editors' decisions."""
