"""Quantization of models to 8 bits: configs, calibration, the changes that `Model.quantize` makes; Keras's quantizers.

`ops.quantize_absmax` and `ops.quantize_zeropoint` are netlet's own functions of arrays;
docs/guides/quantization.md compares them with Keras's.
"""

from __future__ import annotations

from netlet.base.missing import explain_missing
from netlet.layers.base.quantization.aware_config import AwareConfig
from netlet.layers.base.quantization.int4_config import Int4Config
from netlet.layers.base.quantization.int8_config import Int8Config
from netlet.layers.base.quantization.keras_config import KerasConfig

from .awareness import freeze_ranges, quantize_aware
from .keras_functions.abs_max import (
    AbsMaxQuantizer,
    Quantizer,
    abs_max_quantize,
    abs_max_quantize_grouped_with_zero_point,
)
from .keras_functions.fake_quantization import fake_quant_with_min_max_vars
from .keras_functions.float8 import compute_float8_amax_history, compute_float8_scale, quantize_and_dequantize
from .keras_functions.identifiers import deserialize, get, serialize
from .keras_functions.int4 import pack_int4, unpack_int4
from .report import LayerReport, QuantizationReport

__all__ = [
    "AbsMaxQuantizer",
    "AwareConfig",
    "Int4Config",
    "Int8Config",
    "KerasConfig",
    "LayerReport",
    "QuantizationReport",
    "Quantizer",
    "abs_max_quantize",
    "abs_max_quantize_grouped_with_zero_point",
    "compute_float8_amax_history",
    "compute_float8_scale",
    "deserialize",
    "fake_quant_with_min_max_vars",
    "freeze_ranges",
    "get",
    "pack_int4",
    "quantize_and_dequantize",
    "quantize_aware",
    "serialize",
    "unpack_int4",
]

explain_missing(__name__)
