"""Converters of layers whose `call` is not made of ops alone. Importing this package fills `registry.LAYERS`."""

from __future__ import annotations

from . import attention, coded_cell, core, images, lookup, normalization, quantized, recurrent  # noqa: F401
