"""Layers with several inputs: sums, products, concatenation, dot products."""
