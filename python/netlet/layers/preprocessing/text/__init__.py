"""Text layers: splitting, vocabularies, hashing. They run in Python, before the recorded step."""
