"""Batch, layer, group, RMS, unit and spectral normalization."""
