"""The ModelProto in a file or in bytes."""

from __future__ import annotations

import os
from typing import Any

from netlet.base.extras import needs

LARGEST_FILE = 1 << 31  # bytes: protobuf's own limit


def read(source: Any) -> Any:
    """The ModelProto of a file, of bytes, or the one given.

    Args:
        source: path, bytes-like object, file that is open for reading bytes, or ModelProto.

    Raises:
        TypeError: another type.
        ValueError: no ONNX model, or one above 2 GiB.
        OSError: the file cannot be read.
        ImportError: onnx is not installed.
    """
    onnx = needs("onnx", "onnx", "netlet.onnx.load")
    if isinstance(source, onnx.ModelProto):
        return source
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, what = bytes(source), "bytes"
    elif isinstance(source, (str, os.PathLike)):
        what = f"file '{os.fspath(source)}'"
        if os.path.getsize(source) > LARGEST_FILE:
            raise ValueError(f"ONNX {what}: expected at most 2 GiB, received {os.path.getsize(source)} bytes.")
        with open(source, "rb") as file:
            data = file.read()
    elif hasattr(source, "read"):
        data, what = source.read(), f"file '{getattr(source, 'name', type(source).__name__)}'"
        if not isinstance(data, bytes):
            raise TypeError(f"netlet.onnx.load: expected a file open for bytes ('rb'), received {type(data).__name__}.")
    else:
        raise TypeError(
            f"netlet.onnx.load: expected a path, bytes or an onnx.ModelProto, received {type(source).__name__}."
        )
    try:
        proto = onnx.ModelProto.FromString(data)
    except Exception as error:  # protobuf's DecodeError, whose module depends on its implementation
        raise ValueError(f"ONNX {what}: expected an ONNX model, received something else: {error}") from error
    if not proto.HasField("graph"):
        raise ValueError(f"ONNX {what}: expected an ONNX model, received something without a graph.")
    return proto
