"""IntegerLookup: positions of integers in a vocabulary. Layers of texts run in Python and have no ONNX form."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops
from netlet.engine.graph import KerasTensor
from netlet.layers.preprocessing.features.category_encoding import encoded
from netlet.layers.preprocessing.text.lookup import IntegerLookup

from ..exporter import Exporter
from ..registry import Unsupported, layer
from ..values import Value


@layer(IntegerLookup)
def _integer_lookup(e: Exporter, layer: Any, out: Any, inputs: Any) -> Any:
    """Compares each integer with the whole vocabulary; one that is in no place gets the index for unknown ones."""
    if layer.invert or layer.num_oov_indices != 1 or layer.output_mode == "tf_idf":
        raise Unsupported("invert=True, num_oov_indices other than 1, or output_mode='tf_idf'")
    g = e.graph
    known = np.array(layer.get_vocabulary(include_special_tokens=False), np.int64)
    # As indices the mask is 0 and unknown integers are 1; vectors have no place for the mask.
    masked = layer.mask_token is not None
    mask, unknown = (0, 1) if masked and layer.output_mode == "int" else (-1, 0)
    numbers = np.arange(len(known)) + unknown + 1
    if masked:
        known, numbers = np.append(known, layer.mask_token), np.append(numbers, mask)
    wide = g.op("Unsqueeze", e.name(inputs, "int64"), g.ints(-1))
    same = e.cast_name(g.op("Equal", wide, g.constant(known)), "bool", "int64")
    differences = g.op("Mul", same, g.constant(numbers - unknown))
    index = g.op("Add", g.op("ReduceSum", differences, g.ints(-1), keepdims=0), g.constant(unknown, "int64"))
    value = Value(KerasTensor(inputs.shape, "int64"), index)
    if layer.output_mode == "int":
        return value
    depth, mode, dtype = layer._depth(), layer.output_mode, layer.compute_dtype
    return e.run_traced(layer.name, lambda x: encoded(ops.cast(x, "int32"), mode, depth, dtype), (value,), {}, [])
