"""Layers whose weights are stored in 8 or 4 bits and that compute with floats."""
