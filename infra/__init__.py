"""The outside: every service Quire talks to, one adapter each."""
