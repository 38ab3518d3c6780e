"""Layers that compute with 8-bit codes. `Model.quantize` makes them from float layers."""

from __future__ import annotations

from .dense import Int8Dense
from .folded_normalization import FoldedNormalization

__all__ = ["FoldedNormalization", "Int8Dense"]
