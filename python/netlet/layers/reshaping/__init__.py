"""Layers that reshape, repeat, upsample, pad or crop."""
