"""The language of Quire: its words, rules and shapes. Nothing here does I/O."""
