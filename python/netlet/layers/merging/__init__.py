"""Layers of several inputs: sums, products, concatenation, dot products."""
