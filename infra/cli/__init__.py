"""The `quire` command. `main` lists its commands; each has a module of its own."""
