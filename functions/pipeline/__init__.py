"""The story: one file is one use case, which sees ports and never an adapter."""
