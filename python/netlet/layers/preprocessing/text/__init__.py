"""Text: splitting, vocabularies, hashing. These layers run in Python, in front of the recorded step."""
