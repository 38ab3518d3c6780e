"""Dropout, noise, penalties on activations."""
