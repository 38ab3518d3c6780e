"""ONNX tensors as NumPy arrays, checked before memory is taken; names of ONNX's dtypes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet.base.extras import needs

# Bits of one element, by name in TensorProto.DataType; a text takes no bytes of raw data.
_BITS = {
    "FLOAT": 32, "UINT8": 8, "INT8": 8, "UINT16": 16, "INT16": 16, "INT32": 32, "INT64": 64, "BOOL": 8, "FLOAT16": 16,
    "DOUBLE": 64, "UINT32": 32, "UINT64": 64, "COMPLEX64": 64, "COMPLEX128": 128, "BFLOAT16": 16, "FLOAT8E4M3FN": 8,
    "FLOAT8E4M3FNUZ": 8, "FLOAT8E5M2": 8, "FLOAT8E5M2FNUZ": 8, "UINT4": 4, "INT4": 4, "FLOAT4E2M1": 4,
    "FLOAT8E8M0": 8, "UINT2": 2, "INT2": 2,
}  # fmt: skip


def to_array(tensor: Any, what: str) -> np.ndarray:
    """The values of a TensorProto.

    Args:
        tensor: the TensorProto.
        what: it, for messages: "initializer 'w'".

    Returns:
        ndarray; of Python strings (dtype object) for texts.

    Raises:
        ValueError: the shape does not fit the data, which is checked before memory is taken; an unknown dtype; data in
            another file.
    """
    onnx = needs("onnx", "onnx", "netlet.onnx.load")
    numpy_helper = needs("onnx.numpy_helper", "onnx", "netlet.onnx.load")
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise ValueError(f"ONNX {what}: its data are in another file. netlet opens no file that a model names.")
    shape = tuple(tensor.dims)
    name = type_name(tensor.data_type, what)
    if any(d < 0 for d in shape):
        raise ValueError(f"ONNX {what}: expected a shape, received {shape}.")
    size = math.prod(shape)
    if name == "STRING":
        held = len(tensor.string_data)
    elif tensor.HasField("raw_data"):
        held = len(tensor.raw_data) * 8 // _BITS[name]
    else:
        held = _typed_elements(tensor, name)
    # Values of less than a byte are padded to whole bytes (raw data) or to whole int32s (int32_data).
    slack = 8 if _BITS.get(name, 8) < 8 else 0
    if not size <= held <= size + slack:
        raise ValueError(f"ONNX {what}: expected {size} elements for shape {shape}, received {held}.")
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (TypeError, ValueError, KeyError, UnicodeDecodeError, OverflowError) as error:
        raise ValueError(f"ONNX {what}: cannot be read: {error}") from error


def _typed_elements(tensor: Any, name: str) -> int:
    """Number of elements in the field that holds the values of this dtype."""
    if name in ("FLOAT", "COMPLEX64"):
        return len(tensor.float_data) // (2 if name == "COMPLEX64" else 1)
    if name in ("DOUBLE", "COMPLEX128"):
        return len(tensor.double_data) // (2 if name == "COMPLEX128" else 1)
    if name == "INT64":
        return len(tensor.int64_data)
    if name in ("UINT32", "UINT64"):
        return len(tensor.uint64_data)
    return len(tensor.int32_data) * max(1, 8 // _BITS[name])


def checked_text(*texts: str | bytes) -> None:
    """Raises ValueError for a name that is not UTF-8: protobuf hands it over as bytes.

    Args:
        *texts: fields of a proto that should be texts.
    """
    for text in texts:
        if isinstance(text, bytes):
            raise ValueError(f"ONNX model: expected names in UTF-8, received {text[:40]!r}.")


def type_name(data_type: int, what: str) -> str:
    """ONNX's name of a dtype, such as "FLOAT".

    Args:
        data_type: its number.
        what: what has the dtype, for messages.

    Raises:
        ValueError: no such dtype.
    """
    onnx = needs("onnx", "onnx", "netlet.onnx.load")
    try:
        name = str(onnx.TensorProto.DataType.Name(data_type))
    except ValueError:
        name = ""
    if name not in _BITS and name != "STRING":
        raise ValueError(f"ONNX {what}: expected a dtype, received number {data_type}.")
    return name


def dtype_name(data_type: int, what: str) -> str:
    """NumPy's name of an ONNX dtype, "string" for texts.

    Args:
        data_type: its number, such as the attribute `to` of Cast.
        what: what has the dtype, for messages.

    Raises:
        ValueError: no such dtype.
    """
    name = type_name(data_type, what)
    return {"FLOAT": "float32", "DOUBLE": "float64"}.get(name, name.lower())
