"""Postgres, the truth: plain SQL, visible above the method that runs it."""
