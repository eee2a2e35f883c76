"""Builds what is deployed. Never a part of it, so it needs only the standard library."""
