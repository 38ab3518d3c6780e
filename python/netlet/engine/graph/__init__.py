"""The graph of a functional model: symbolic tensors, the calls that made them, and running these calls on values.

A `KerasTensor` has a shape (None where any size is accepted) and no values. Calling a layer or an op on one adds a
`Node`. `Function(inputs, outputs)` finds the nodes between the two and runs their calls on real tensors.
"""

from __future__ import annotations

from .function import Function
from .infer import PROBES, in_trial, infer_spec, most_elements, shapes_of_file, symbol_of_trials, trial
from .op_call import OpCall, symbolic_op
from .operation import Operation
from .sources import get_source_inputs
from .symbols import (
    Extents,
    KerasHistory,
    KerasTensor,
    Node,
    is_keras_tensor,
    is_symbolic,
    mask_of,
    symbolic_dtype,
)

__all__ = [
    "PROBES",
    "Extents",
    "Function",
    "KerasHistory",
    "KerasTensor",
    "Node",
    "OpCall",
    "Operation",
    "get_source_inputs",
    "in_trial",
    "infer_spec",
    "is_keras_tensor",
    "is_symbolic",
    "mask_of",
    "most_elements",
    "shapes_of_file",
    "symbol_of_trials",
    "symbolic_dtype",
    "symbolic_op",
    "trial",
]
