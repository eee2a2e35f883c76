"""The HTTPS door: who asks, what they may see, and how it is answered."""
