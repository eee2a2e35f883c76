"""What languages ask for: where sentences end."""
