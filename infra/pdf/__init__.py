"""Opening and cutting PDFs. Whatever parses a client's file runs in a process with limits."""
