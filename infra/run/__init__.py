"""Cloud Run's Admin API."""
