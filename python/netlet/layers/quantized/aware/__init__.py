"""Layers that compute with 8-bit codes while they train."""
