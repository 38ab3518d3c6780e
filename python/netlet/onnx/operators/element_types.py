"""Types of elements: what netlet computes with, what NumPy holds for it, and casts between all of ONNX's.

netlet's kernels have float16, bfloat16, float32, float64, int8, uint8, int32, int64 and bool. Values of the other types
(int16, uint32, float8, int4, texts ...) are NumPy arrays between nodes: an operator computes with the next wider type
that netlet has, and `conform` casts its results back.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from netlet import ops
from netlet.base.extras import needs
from netlet.config import DTYPES
from netlet.engine.graph import KerasTensor
from netlet.engine.needs_values import NeedsValues, values_if_known

from ..node import Node
from ..schemas import schema
from ..tensors import dtype_name

# What rounds its overflow to the largest value when it is asked to.
SATURATING = ("float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz")
SCALE_ONLY = "float8e8m0"


def type_of(value: Any) -> str:
    """The name of a value's type: NumPy's and ml_dtypes' names; "object" for texts.

    >>> type_of(np.zeros(1, "int16"))
    'int16'
    """
    return str(value.dtype)


def is_integer(value: Any) -> bool:
    """Whether the elements are integers.

    >>> is_integer(np.zeros(1, "int16")), is_integer(np.zeros(1, "float32"))
    (True, False)
    """
    return type_of(value).lstrip("u").startswith("int")


def is_float(value: Any) -> bool:
    """Whether the elements are real numbers in floating point.

    >>> is_float(np.zeros(1, "float16")), is_float(np.zeros(1, "int32"))
    (True, False)
    """
    return type_of(value).lstrip("b").startswith("float")


def numpy_type(name: str) -> np.dtype[Any]:
    """The dtype that holds a type of ONNX; those that NumPy lacks are of ml_dtypes.

    Args:
        name: as `tensors.dtype_name` returns it, or as `type_of` does.

    >>> numpy_type("uint16")
    dtype('uint16')
    """
    if name in ("string", "object"):
        return np.dtype(object)
    try:
        return np.dtype(name)
    except TypeError:
        ml_dtypes = needs("ml_dtypes", "onnx", "netlet.onnx")  # a requirement of onnx itself
    names = {
        "float8e4m3fn": "float8_e4m3fn", "float8e4m3fnuz": "float8_e4m3fnuz", "float8e5m2": "float8_e5m2",
        "float8e5m2fnuz": "float8_e5m2fnuz", "float8e8m0": "float8_e8m0fnu", "float4e2m1": "float4_e2m1fn",
    }  # fmt: skip
    return np.dtype(getattr(ml_dtypes, names.get(name, name)))


def onnx_type(value: Any) -> str:
    """ONNX's name of a value's type, lower-case: "float8e4m3fn", "string".

    >>> onnx_type(np.array(["a"], object))
    'string'
    """
    name = type_of(value).replace("_", "")
    return {"object": "string", "float8e8m0fnu": "float8e8m0", "float4e2m1fn": "float4e2m1"}.get(name, name)


def attribute_type(node: Node, name: str, default: str | None = None) -> str | None:
    """The type that an attribute names by its number, such as `to` of Cast."""
    number = node.attribute(name, 0)
    return dtype_name(number, f"attribute '{name}' of {node}") if number else default


def cast(node: Node, x: Any, to: str, saturate: bool = True, round_mode: str = "up") -> Any:
    """x in another type.

    Args:
        node: the node, for messages.
        x: NumPy array, Tensor or KerasTensor.
        to: the type's name as in ONNX, lower-case: "float32", "int4", "string".
        saturate: overflow of 8-bit floats becomes the largest value instead of NaN or infinity.
        round_mode: rounding of float8e8m0: "up", "down" or "nearest".

    Returns:
        Tensor, KerasTensor; NumPy array for types that netlet lacks.
    """
    if to in DTYPES and type_of(x) in DTYPES:
        return x if type_of(x) == to else ops.cast(x, to)
    if isinstance(x, KerasTensor):
        raise node.error(f"expected a type that netlet has, received {to}. They are {', '.join(DTYPES)}.")
    values = values_of(node, x, to)
    if to == "string":
        return np.array([str(v) for v in values.ravel()], object).reshape(values.shape)
    dtype = numpy_type(to)
    if values.dtype == object:
        values = values.astype(np.str_).astype(dtype if dtype.kind in "iufb" else np.float32)
    if to == SCALE_ONLY:
        return _power_of_two(values.astype(np.float32), saturate, round_mode).astype(dtype)
    if to in SATURATING and saturate and values.dtype.kind == "f":
        top = float(needs("ml_dtypes", "onnx", "netlet.onnx").finfo(dtype).max)
        values = np.clip(values.astype(np.float32), -top, top)
    return _converted(values, dtype)


def values_of(node: Node, x: Any, to: str) -> np.ndarray:
    """The values of x, which NumPy makes those of a type that netlet lacks.

    Args:
        node: the node, for messages.
        x: NumPy array or Tensor.
        to: the type, for messages.

    Raises:
        NeedsValues: the step that is recorded computes x.
    """
    known = values_if_known(x)
    if known is None:
        raise NeedsValues(str(node), f"NumPy makes elements of {to} of its input's values")
    return known


def _converted(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """values.astype(dtype) without warnings of overflow; through float32 between the types of ml_dtypes."""
    with np.errstate(all="ignore"):
        if values.dtype.kind == "V" and dtype.kind == "V" and values.dtype != dtype:
            values = values.astype(np.float32)
        return values.astype(dtype)


def _power_of_two(x: np.ndarray, saturate: bool, round_mode: str) -> np.ndarray:
    """|x| rounded to a power of 2 within the range of float8e8m0, [2^-127, 2^127]. NaN and infinities become NaN
    unless they saturate."""
    size = np.abs(x).astype(np.float64)
    with np.errstate(all="ignore"):
        exponent = np.log2(size)
        below = np.floor(exponent)
        fraction = size / np.exp2(below)
    up = {"up": fraction > 1, "down": np.zeros_like(fraction, bool), "nearest": fraction >= 1.5}[round_mode]
    power = below + up
    high = np.where(power > 127, 127 if saturate else np.nan, np.maximum(power, -127))
    return np.where(np.isfinite(size), np.exp2(high), np.nan)


# ---- results ---------------------------------------------------------------------------------------------------------
@cache
def _formal_types(op_type: str, opset: int, domain: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The types that the operator's definition gives its inputs and outputs: names of type variables, or types."""
    known = schema(op_type, opset, domain)
    if known is None:
        return None
    kinds = []
    for parameters in (known.inputs, known.outputs):
        names = [p.type_str for p in parameters]
        if parameters and parameters[-1].option == known.FormalParameterOption.Variadic:
            names.append("*" if parameters[-1].is_homogeneous else "")
        kinds.append(tuple(names))
    return kinds[0], kinds[1]


def _formal(names: tuple[str, ...], index: int) -> str:
    """The formal type of one input or output; the last one of variadic parameters goes on."""
    if names and names[-1] in ("*", ""):
        return names[min(index, len(names) - 2)] if names[-1] else ("" if index >= len(names) - 2 else names[index])
    return names[index] if index < len(names) else ""


def conform(node: Node, inputs: Any, outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Results in the types that the operator's definition states.

    Kernels may compute with a wider type: sums of int8 are int32 in netlet, and int16 does not exist.

    Args:
        node: the node.
        inputs: its inputs.
        outputs: what its handler returned.

    Returns:
        tuple: the outputs, cast where necessary; as NumPy arrays in types that netlet lacks.
    """
    formal = _formal_types(node.op_type, node.opset, node.domain)
    if formal is None:
        return outputs
    bound = {_formal(formal[0], i): type_of(x) for i, x in reversed(list(enumerate(inputs))) if hasattr(x, "dtype")}
    return tuple(_in_type(node, y, _formal(formal[1], i), bound) for i, y in enumerate(outputs))


def _in_type(node: Node, y: Any, formal: str, bound: dict[str, str]) -> Any:
    """One result in its formal type, where that is known."""
    if not hasattr(y, "dtype") or type_of(y) == "object":
        return y
    if formal.startswith("tensor("):
        wanted = {"float": "float32", "double": "float64"}.get(formal[7:-1], formal[7:-1])
    else:
        wanted = bound.get(formal, "") if formal else ""
    if not wanted or wanted in ("object", "string") or type_of(y) == wanted:
        return y
    if wanted in DTYPES:
        return ops.cast(y, wanted)
    return y if isinstance(y, KerasTensor) else _converted(np.asarray(y), numpy_type(wanted))
