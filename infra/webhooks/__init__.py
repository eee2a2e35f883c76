"""Posting to servers that owners name, and to no others."""
