"""Convolutions, their transposes, depthwise and separable ones."""
