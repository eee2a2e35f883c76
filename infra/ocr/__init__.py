"""Reading pages with Google Document AI."""
