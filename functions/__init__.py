"""The doors, and the story of a document told as use cases."""
