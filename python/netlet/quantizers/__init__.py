"""Quantization of models to 8 bits: configs, calibration, and the changes that `Model.quantize` makes."""

from __future__ import annotations

from netlet.base.missing import explain_missing
from netlet.layers.base.quantization import Int8Config

__all__ = ["Int8Config"]


explain_missing(__name__)
