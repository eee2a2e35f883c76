"""`quire batch`: many documents at once."""
