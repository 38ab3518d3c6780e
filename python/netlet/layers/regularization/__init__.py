"""Regularization layers: dropout, noise, penalties on activations."""
