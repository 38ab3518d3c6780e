"""Maxima and averages over windows, over whole images, and to a given size."""
