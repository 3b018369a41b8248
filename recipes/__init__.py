"""How the bundled weights were made: one script each, from the data to the run."""
