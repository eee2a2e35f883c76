"""Settings become adapters, each built, and its library imported, when it is first needed."""
