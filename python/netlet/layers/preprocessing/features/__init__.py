"""Preprocessing of numbers and categories: normalization, bins, one-hot encoding."""
